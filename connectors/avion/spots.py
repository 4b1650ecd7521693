"""Validated records, kept as rows until somebody asks for the single spots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from connectors.avion.lines import Lines
from connectors.avion.schema import Row
from connectors.records import Line, Spot, request_id


@dataclass(frozen=True, slots=True)
class Spots(Sequence[Spot]):
    """The good records of one batch as a lazy sequence of `Spot`.

    `rows` holds one row for each line; the lines in `left_out` (indices) are no spots.
    """

    checksum: str
    lines: Lines
    rows: list[Row]
    left_out: frozenset[int]

    def __len__(self) -> int:
        return len(self.rows) - len(self.left_out)

    def __iter__(self) -> Iterator[Spot]:
        for i, (line, row) in enumerate(zip(self.lines, self.rows, strict=True)):
            if i not in self.left_out:
                yield self._spot(line, row)

    def _spot(self, line: Line, row: Row) -> Spot:
        spot_id, station, airtime = row["spot_id"], row["station"], row["airtime"]
        return Spot(
            line.number,
            line.offset,
            spot_id,
            station,
            airtime,
            row["duration"],
            row["advertiser"],
            request_id(spot_id, airtime, self.checksum, station),
            line.raw,
        )

    @overload
    def __getitem__(self, index: int) -> Spot: ...
    @overload
    def __getitem__(self, index: slice) -> list[Spot]: ...
    def __getitem__(self, index: int | slice) -> Spot | list[Spot]:
        return list(self)[index]
