"""Validated records, kept as rows until somebody asks for the single spots."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from connectors.avion.lines import Lines
from connectors.avion.schema import Row
from connectors.records import Ancestor, Line, Spot
from connectors.request_id import heir_checksum, request_id


@dataclass(frozen=True, slots=True)
class Spots(Sequence[Spot]):
    """The good records of one batch as a lazy sequence of `Spot`.

    `rows` holds one row for each line; the lines in `left_out` (indices) are no spots. `ancestors`
    are those of a sheet's rows, `left` the rows that are as they were: they keep the request ID.
    """

    checksum: str
    lines: Lines
    rows: list[Row]
    left_out: frozenset[int]
    ancestors: Mapping[int, Ancestor] = field(default_factory=dict)
    left: Collection[int] = frozenset()

    def __len__(self) -> int:
        return len(self.rows) - len(self.left_out)

    def __iter__(self) -> Iterator[Spot]:
        for i, (line, row) in enumerate(zip(self.lines, self.rows, strict=True)):
            if i not in self.left_out:
                yield self._spot(i, line, row)

    def _spot(self, i: int, line: Line, row: Row) -> Spot:
        spot_id, station, airtime = row["spot_id"], row["station"], row["airtime"]
        return Spot(
            line.number,
            line.offset,
            spot_id,
            station,
            airtime,
            row["duration"],
            row["advertiser"],
            request_id(spot_id, airtime, self._checksum(i, row), station),
            line.raw,
            self.ancestors.get(i),
        )

    def _checksum(self, i: int, row: Row) -> str:
        """Return what a row's request ID is derived under: its export, or what it comes from."""
        ancestor = self.ancestors.get(i)
        if ancestor is None:
            return self.checksum
        if ancestor.request_id and i in self.left:
            return ancestor.checksum
        return heir_checksum(ancestor.checksum, ancestor.offset, row["duration"], row["advertiser"])

    @overload
    def __getitem__(self, index: int) -> Spot: ...
    @overload
    def __getitem__(self, index: slice) -> list[Spot]: ...
    def __getitem__(self, index: int | slice) -> Spot | list[Spot]:
        return list(self)[index]
