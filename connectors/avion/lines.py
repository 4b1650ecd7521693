"""A run of consecutive records, kept as bytes until somebody asks for the single ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress, repeat
from typing import overload

from connectors.avion.formats.json_array import JSON_SPACE
from connectors.records import Format, Line

_SPACE = b" \t\n\r\v\f"
_BLANK: dict[Format, bytes] = {"ndjson": _SPACE, "json": _SPACE, "csv": _SPACE + b","}
"""What a blank line is made of. Spreadsheets write empty rows as commas."""


@dataclass(frozen=True, eq=False)
class Lines(Sequence[Line]):
    """Consecutive records of one export as a lazy sequence of `Line`.

    `pieces` are the records without the one byte that ends each, blank lines included so that
    offsets and line numbers follow from the lengths; those of a JSON array have the blanks around
    them. `size` counts the bytes from `offset` up to the next record. `overlong` says that the one
    piece is only the head of a record over the limit; `left_out` are the line ends in no piece.
    """

    format: Format
    columns: tuple[str, ...]
    pieces: list[bytes]
    offset: int
    number: int
    size: int
    overlong: bool = False
    left_out: int = 0

    @cached_property
    def raws(self) -> list[bytes]:
        """The records' bytes, without the blank lines between them."""
        if self.overlong:  # a record even if its head is blank
            return self.pieces
        stripped = list(self._stripped())
        return self.pieces if all(stripped) else list(compress(self.pieces, stripped))

    @cached_property
    def next_number(self) -> int:
        """The physical line after the last record."""
        return self.number + self._line_ends(self.pieces) + self.left_out

    def take(self, count: int) -> tuple["Lines", "Lines"]:
        """Divide after `count` physical records, so that a batch can be of any size."""
        head = self.pieces[:count]
        size = self.size if len(head) == len(self.pieces) else sum(map(len, head)) + len(head)
        first = Lines(
            self.format,
            self.columns,
            head,
            self.offset,
            self.number,
            size,
            self.overlong,
            self.left_out,
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

    def joined(self, behind: "Lines") -> "Lines | None":
        """Return both as one run; None where one of them is of another kind, or not next to it."""
        apart = self.offset + self.size != behind.offset or self.left_out
        if apart or self.overlong or behind.overlong:
            return None
        pieces, size = self.pieces + behind.pieces, self.size + behind.size
        return replace(self, pieces=pieces, size=size, left_out=behind.left_out)

    def __len__(self) -> int:
        return len(self.raws)

    def __iter__(self) -> Iterator[Line]:
        if self.overlong or self.format == "json":
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
            number += self._line_ends(passed)
            at = filled[index]
            yield self._line(self.pieces[at], number, offset)

    def _stripped(self) -> Iterator[bytes]:
        return map(bytes.strip, self.pieces, repeat(_BLANK[self.format]))

    def _line(self, raw: bytes, number: int, offset: int) -> Line:
        if self.overlong:
            return Line(raw, number, offset, self.size - 1)
        if self.format == "json":
            within = raw.lstrip(JSON_SPACE)
            blanks = len(raw) - len(within)
            number, offset = number + raw.count(b"\n", 0, blanks), offset + blanks
            raw = within.rstrip(JSON_SPACE)
        return Line(raw, number, offset, len(raw))

    def _line_ends(self, pieces: list[bytes]) -> int:
        """Count the line ends in pieces and, where it is they that end a record, behind them."""
        if self.format == "ndjson":
            return len(pieces)
        inner = b"".join(pieces).count(b"\n")
        return inner if self.format == "json" else inner + len(pieces)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return list(self.pick(range(*index.indices(len(self)))))
        return next(self.pick([range(len(self))[index]]))
