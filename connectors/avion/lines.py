"""A run of consecutive records, kept as bytes until somebody asks for the single ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from connectors.records import Format, Line


@dataclass(frozen=True, slots=True)
class Lines(Sequence[Line]):
    r"""Consecutive records of one export as a lazy sequence of `Line`.

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

    @property
    def raws(self) -> list[bytes]:
        """The records' bytes, without the blank lines between them."""
        if all(map(bytes.strip, self.pieces)):
            return self.pieces
        return [piece for piece in self.pieces if piece.strip()]

    @property
    def next_number(self) -> int:
        """The physical line after the last record."""
        inner = sum(piece.count(b"\n") for piece in self.pieces) if self.format == "csv" else 0
        return self.number + len(self.pieces) + inner

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
        offset, number = self.offset, self.number
        for piece in self.pieces:
            length = self.size - 1 if self.overlong else len(piece)
            if piece.strip():
                yield Line(piece, number, offset, length)
            offset += length + 1
            number += 1 + piece.count(b"\n")

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        return list(self)[index]
