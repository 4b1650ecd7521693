"""A second, plain division of a JSON array into its elements."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.records import Line

_BLOCK = 1 << 16
_MARKS = re.compile(rb'["\\\[\]{},]')
_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


def plain_elements(file: BinaryIO, *, limit: int, head: int) -> Iterator[Line]:
    """Yield the elements of an array; of one with more than `limit` bytes only its `head`.

    Args:
        file: The export, from its beginning.
        limit: Bytes that an element may have, with the blanks behind it.
        head: Bytes kept of a longer one.
    """
    start = len(_BOM) if file.read(len(_BOM)) == _BOM else 0
    file.seek(start)
    marks, element = _Marks(), _Element(start, limit, head)
    while block := file.read(_BLOCK):
        begin = 0
        for end in marks.between(block):
            element.add(block[begin:end])
            yield from element.end()
            begin = end + 1
        element.add(block[begin:])


class _Marks:
    """Finds the brackets and commas that stand around elements, from block to block."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._passed = 0
        self._escaped = -1

    def between(self, block: bytes) -> Iterator[int]:
        for found in _MARKS.finditer(block):
            at, mark = found.start(), found[0]
            if self._passed + at == self._escaped:
                continue
            if mark == b"\\" and self._quoted:
                self._escaped = self._passed + at + 1
            elif mark == b'"':
                self._quoted = not self._quoted
            elif not self._quoted and self._is_between(mark):
                yield at
        self._passed += len(block)

    def _is_between(self, mark: bytes) -> bool:
        if mark in b"[{":
            self._depth += 1
            return self._depth == 1
        if mark in b"]}" and (self._depth > 1 or mark == b"]"):
            self._depth -= 1
            return self._depth == 0
        return mark == b"," and self._depth == 1


class _Element:
    """What stands between two marks, without the blanks before it; bounded."""

    def __init__(self, start: int, limit: int, head: int) -> None:
        self._limit = limit
        self._head = min(head, limit)
        self._at, self._number = start, 1
        self._length = self._line_ends = 0
        self._content = bytearray()

    def add(self, text: bytes) -> None:
        if not self._length:
            rest = text.lstrip(_SPACE)
            blanks = len(text) - len(rest)
            self._at += blanks
            self._number += text.count(b"\n", 0, blanks)
            text = rest
        self._length += len(text)
        self._line_ends += text.count(b"\n")
        self._content += text[: self._limit + 1 - len(self._content)]

    def end(self) -> Iterator[Line]:
        """End with a mark, which has one byte."""
        raw, length = bytes(self._content), self._length
        if length > self._limit:
            yield Line(raw[: self._head], self._number, self._at, length)
        elif length:
            raw = raw.rstrip(_SPACE)
            yield Line(raw, self._number, self._at, len(raw))
        self._at += length + 1
        self._number += self._line_ends
        self._length = self._line_ends = 0
        self._content.clear()
