"""Records of JSON in the common form."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

from msgspec import DecodeError
from msgspec.json import Decoder

from connectors.avion.row import NO_ROW, Row

_STRAYS = 32
"""Records of another form after which the rest is read as if they had more fields: each costs an
error, which is five times what a good one does."""

_MOST_BYTES = 4096
_MOST_BRACKETS = 64
"""Bounds of what is passed over: well below the digits and the depth that pydantic reads."""


class _Exact(Row, frozen=True, gc=False, forbid_unknown_fields=True):
    """A record without other fields: all of its bytes are looked at, and kept or refused."""


def json_rows(raws: Sequence[bytes]) -> list[Row]:
    """Return a row for each record, `NO_ROW` where it has another form."""
    rows, others = _read(_exact, raws, _STRAYS)
    if others:
        more, _ = _read(_wide, _plain([raws[i] for i in others]), len(raws) + 1)
        for i, row in zip(others, more, strict=True):
            rows[i] = row
    return rows


def _read(
    decode: Callable[[bytes], Row], raws: Sequence[bytes], most: int
) -> tuple[list[Row], list[int]]:
    """Decode records until there were `most` of another form; return the indices of all others."""
    rows: list[Row] = []
    others: list[int] = []
    found = map(decode, raws)
    while len(others) < most and _stops(rows, found):
        others.append(len(rows))
        rows.append(NO_ROW)
    others.extend(range(len(rows), len(raws)))
    rows.extend([NO_ROW] * (len(raws) - len(rows)))
    return rows, others


def _stops(rows: list[Row], found: Iterator[Row]) -> bool:
    try:
        rows.extend(found)
    except (DecodeError, UnicodeDecodeError):
        return True
    return False


def _plain(raws: list[bytes]) -> list[bytes]:
    """Empty the records of which pydantic might not read what msgspec passes over.

    That does not look whether texts are UTF-8, numbers too long or brackets too deep.
    """
    return raws if _are_plain(raws) else [raw if _are_plain([raw]) else b"" for raw in raws]


def _are_plain(raws: list[bytes]) -> bool:
    text = b"".join(raws)
    return (
        max(map(len, raws)) <= _MOST_BYTES
        and _are_shallow(raws, text)
        and (text.isascii() or _are_utf8(raws))
    )


def _are_shallow(raws: list[bytes], text: bytes) -> bool:
    if text.count(b"{") + text.count(b"[") < len(raws) + _MOST_BRACKETS:
        return True
    return sum(max(map(bytes.count, raws, repeat(one))) for one in (b"{", b"[")) <= _MOST_BRACKETS


def _are_utf8(raws: list[bytes]) -> bool:
    try:
        return all(map(bytes.decode, raws))
    except UnicodeDecodeError:
        return False


_exact, _wide = Decoder(_Exact).decode, Decoder(Row).decode
