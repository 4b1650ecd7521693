"""A run of consecutive records, kept as bytes until somebody asks for the single ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, repeat
from typing import overload

from connectors.records import Format, Line

_BLANK = {"ndjson": b" \t\n\r\v\f", "csv": b" \t\n\r\v\f,"}
"""What a blank line is made of. Spreadsheets write empty rows as commas."""


@dataclass(frozen=True, eq=False)
class Lines(Sequence[Line]):
    """Consecutive records of one export as a lazy sequence of `Line`.

    `pieces` are the records without their line ends, blank lines included so that offsets and
    line numbers follow from the lengths. `size` counts the bytes from `offset` up to the next
    record. `overlong` says that the one piece is only the head of a record over the limit.
    """

    format: Format
    columns: tuple[str, ...]
    pieces: list[bytes]
    offset: int
    number: int
    size: int
    overlong: bool = False

    @cached_property
    def raws(self) -> list[bytes]:
        """The records' bytes, without the blank lines between them."""
        if self.overlong:  # a record even if its head is blank
            return self.pieces
        stripped = list(self._stripped())
        return self.pieces if all(stripped) else list(compress(self.pieces, stripped))

    @property
    def next_number(self) -> int:
        """The physical line after the last record."""
        return self.number + len(self.pieces) + self._inner_lines(self.pieces)

    def take(self, count: int) -> tuple["Lines", "Lines"]:
        """Divide after `count` physical records, so that a batch can be of any size."""
        head = self.pieces[:count]
        size = self.size if len(head) == len(self.pieces) else sum(map(len, head)) + len(head)
        first = Lines(
            self.format, self.columns, head, self.offset, self.number, size, self.overlong
        )
        rest = Lines(
            self.format,
            self.columns,
            self.pieces[count:],
            self.offset + size,
            first.next_number,
            self.size - size,
        )
        return first, rest

    def __len__(self) -> int:
        return len(self.raws)

    def __iter__(self) -> Iterator[Line]:
        if self.overlong:
            return self.pick(range(len(self)))
        return self._each()

    def _each(self) -> Iterator[Line]:
        offset, number, csv = self.offset, self.number, self.format == "csv"
        for raw, stripped in zip(self.pieces, self._stripped(), strict=True):
            length = len(raw)
            if stripped:
                yield Line(raw, number, offset, length)
            offset += length + 1
            number += 1 + (raw.count(b"\n") if csv else 0)

    def pick(self, indices: Iterable[int]) -> Iterator[Line]:
        """Yield the records at ascending indices; what lies between costs next to nothing."""
        filled: Sequence[int] = range(len(self.pieces))
        if self.raws is not self.pieces:
            filled = list(compress(filled, self._stripped()))
        at, offset, number = 0, self.offset, self.number
        for index in indices:
            passed = self.pieces[at : filled[index]]
            offset += sum(map(len, passed)) + len(passed)
            number += len(passed) + self._inner_lines(passed)
            at = filled[index]
            raw = self.pieces[at]
            yield Line(raw, number, offset, self.size - 1 if self.overlong else len(raw))

    def _stripped(self) -> Iterator[bytes]:
        return map(bytes.strip, self.pieces, repeat(_BLANK[self.format]))

    def _inner_lines(self, pieces: list[bytes]) -> int:
        return sum(piece.count(b"\n") for piece in pieces) if self.format == "csv" else 0

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return list(self.pick(range(*index.indices(len(self)))))
        return next(self.pick([range(len(self))[index]]))
