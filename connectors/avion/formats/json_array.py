"""A JSON array of objects: `[{…}, {…}]`, on one line or on many."""

import re
from collections.abc import Sequence
from itertools import compress, repeat
from operator import and_
from typing import Any, Literal

from connectors.avion.formats.base import Malformed
from connectors.avion.formats.ndjson import Ndjson

JSON_SPACE = b" \t\r\n"
"""What JSON lets stand between values."""

# An object whose members are texts, numbers and words, or hold such in one more pair of brackets:
# what records are like, found by one match. Each part excludes what begins the next, so that a
# record which is cut costs one look and not many.
_TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_FLAT = rb'[^\[\]{}"]*(?:%b[^\[\]{}"]*)*' % _TEXT
_MEMBERS = rb'[^\[\]{}"]*(?:(?:%b|\{%b\}|\[%b\])[^\[\]{}"]*)*' % (_TEXT, _FLAT, _FLAT)
_RECORD = re.compile(rb"[ \t\r\n]*\{%b\}[ \t\r\n]*[,\]]" % _MEMBERS, re.DOTALL)


_GAP = re.compile(rb"[ \t\r\n]*\{")
_OBJECT = re.compile(rb"[ \t\r\n]*\{%b\}" % _MEMBERS, re.DOTALL)


def _plain_records(data: bytes) -> list[bytes]:
    """Cut what is written evenly and without brackets within, as most is, four times as fast.

    Between the first brace and the last comma behind one there are then as many braces as records,
    one gap, and in no record an odd number of quotes: so no comma is in a text. Where anything
    is otherwise, nothing is cut.
    """
    body = data[: max(data.rfind(b"},"), 0)]
    pieces = body.split(b"},")
    gap = _GAP.match(data, len(pieces[0]) + 2)
    even = (
        b"[" not in body
        and b"]" not in body
        and _GAP.match(body)
        and body.count(b"{") == len(pieces) == body.count(b"}") + 1
        and (len(pieces) == 1 or (gap and body.count(b"}," + gap[0]) == len(pieces) - 1))
    )
    if not even or not _are_whole(pieces, escaped=b"\\" in body):
        return []
    return [piece + b"}" for piece in pieces]


def _are_whole(pieces: list[bytes], *, escaped: bool) -> bool:
    odd = compress(pieces, map(and_, map(bytes.count, pieces, repeat(b'"')), repeat(1)))
    if not escaped:
        return not any(odd)
    return all(b"\\" in piece for piece in odd) and all(
        _OBJECT.fullmatch(piece + b"}") for piece in pieces if b"\\" in piece
    )


class Nesting:
    """How deep a look at an element stands, which may go on from block to block.

    ijson and its like give values, where the ledger needs their bytes and offsets.
    """

    _OUTSIDE = re.compile(rb'["\[\]{},]')
    _INSIDE = re.compile(rb'["\\]')

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def end(self, data: bytes, at: int = 0) -> int:
        """Return where the comma or bracket stands that ends the element, -1 if not in `data`."""
        if self._escaped and at < len(data):
            at, self._escaped = at + 1, False
        while found := (self._INSIDE if self._quoted else self._OUTSIDE).search(data, at):
            mark, at = found[0], found.end()
            if mark == b"\\":
                self._escaped = at == len(data)
                at += 1
            elif mark == b'"':
                self._quoted = not self._quoted
            elif mark in b"[{":
                self._depth += 1
            elif mark == b",":
                if not self._depth:
                    return at - 1
            elif self._depth:
                self._depth -= 1
            elif mark == b"]":
                return at - 1
        return -1


class JsonArray:
    """An array of objects; a record is an element, as it stands between the commas."""

    name: Literal["json"] = "json"
    suffixes = ()
    """Known by its first bracket: what is called `.json` may be one or NDJSON."""

    def cut(self, data: bytes, *, last: bool, limit: int) -> tuple[list[bytes], bytes]:  # noqa: ARG002 - brackets tell
        """Cut at every comma between elements, and at the bracket that ends the array."""
        pieces = _plain_records(data)
        begin = sum(map(len, pieces)) + len(pieces)
        while begin < len(data):
            found = _RECORD.match(data, begin)
            end = found.end() - 1 if found else Nesting().end(data, begin)
            if end < 0:
                break
            pieces.append(data[begin:end])
            begin = end + 1
            if data[end] == ord("]"):
                break
        return pieces, data[begin:]

    def header(self, record: bytes | None) -> tuple[str, ...]:  # noqa: ARG002 - protocol
        """Every record names its own fields."""
        return ()

    def decode(self, raws: Sequence[bytes], columns: tuple[str, ...]) -> Sequence[Any]:  # noqa: ARG002 - protocol
        """Leave the bytes: the schema parses and checks them in one pass."""
        return raws

    def malformed(self, raw: bytes, columns: tuple[str, ...]) -> Malformed | None:
        """Find what keeps the element from being a JSON object."""
        return Ndjson().malformed(raw, columns)
