"""Receipts and dead letters as lines of JSON."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from pydantic_core import from_json

from connectors.errors import RefusedError
from connectors.records import Ancestor, DeadLetter, Receipt

_WRITTEN = Receipt._fields.index("raw")
_LETTER = DeadLetter._fields[: DeadLetter._fields.index("raw")]
_ANCESTOR = ("ancestor", dict[str, Any] | None, None)

_Delivered = msgspec.defstruct(
    "_Delivered",
    [*Receipt._fields[:_WRITTEN], _ANCESTOR],
    omit_defaults=True,
    gc=False,
)
"""A receipt as it is written."""

_Undelivered = msgspec.defstruct(
    "_Undelivered",
    [*_LETTER, "raw", ("raw_base64", str | None, None), _ANCESTOR],
    omit_defaults=True,
    gc=False,
)
"""A dead letter as it is written."""

_encode_lines = msgspec.json.Encoder().encode_lines  # there is a row for each record


def to_rows(records: Iterable[Receipt | DeadLetter]) -> bytes:
    """Return a line of NDJSON for each record, line ends included."""
    return _encode_lines(map(_written, records))


def _written(record: Receipt | DeadLetter) -> msgspec.Struct:
    ancestor = record.ancestor and record.ancestor._asdict()
    if isinstance(record, Receipt):
        return _Delivered(*record[:_WRITTEN], ancestor)
    return _Undelivered(*record[: len(_LETTER)], *_raw(record.raw), ancestor)


def read_row(path: Path, row: bytes) -> dict[str, Any]:
    """Read the fields of a row that stands in a ledger's file.

    Raises:
        RefusedError: It is damaged.
    """
    try:
        fields: dict[str, Any] = from_json(row)
    except ValueError:
        raise RefusedError(
            f"{path} is damaged; `avstar verify {path.parent}` says what is wrong"
        ) from None
    return fields


def to_dead_letter(row: bytes) -> DeadLetter:
    """Read a dead letter back.

    Raises:
        ValueError: The row is damaged; so are the KeyError and TypeError that it may raise.
    """
    fields = from_json(row)
    coded, ancestor = fields.get("raw_base64"), fields.get("ancestor")
    raw = fields["raw"].encode() if coded is None else base64.b64decode(coded)
    values = [*(fields[name] for name in _LETTER), raw]
    return DeadLetter(*values)._replace(ancestor=Ancestor(**ancestor) if ancestor else None)


def _raw(raw: bytes) -> tuple[str, str | None]:
    """Return the original bytes as text; if they are no UTF-8, in base64 as well."""
    raw = raw.removesuffix(b"\r")
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        return raw.decode(errors="replace"), base64.b64encode(raw).decode()
