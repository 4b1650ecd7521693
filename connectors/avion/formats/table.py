"""Rows of cells, read but not yet put together with their columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import overload

from connectors.avion.formats.base import Malformed

Cells = dict[str, str]
Row = list[str]


@dataclass(frozen=True)
class Table(Sequence[Cells | Malformed]):
    """Rows by column, each as wide as the header or `Malformed`; as a sequence, what each holds.

    What checks all of a batch needs columns and no dict for each row, which costs as much as
    reading it.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row | Malformed]

    def column(self, name: str) -> list[str]:
        """Return the cells of one column, an empty one where a row is malformed."""
        return list(map(itemgetter(self.columns.index(name)), self._filled))

    @cached_property
    def _filled(self) -> Sequence[Row]:
        empty = [""] * len(self.columns)
        if set(map(type, self.rows)) <= {list}:
            return self.rows  # type: ignore[return-value]  # mypy does not see that
        return [empty if isinstance(row, Malformed) else row for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Cells | Malformed: ...
    @overload
    def __getitem__(self, index: slice) -> "Table": ...
    def __getitem__(self, index: int | slice) -> "Cells | Malformed | Table":
        if isinstance(index, slice):
            return Table(self.columns, self.rows[index])
        row = self.rows[index]
        return row if isinstance(row, Malformed) else dict(zip(self.columns, row, strict=True))
