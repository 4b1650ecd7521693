"""Validated records, kept as rows until somebody asks for the single spots."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from connectors.avion.lines import Lines
from connectors.avion.row import Row
from connectors.records import Ancestor, Line, Spot
from connectors.request_id import added_checksum, heir_checksum, request_id


@dataclass(frozen=True, slots=True)
class Spots(Sequence[Spot]):
    """The good records of one batch as a lazy sequence of `Spot`.

    `rows` holds one row for each line; the lines in `left_out` (indices) are no spots. Of a sheet's
    rows `ancestors` are where they come from; those `left` as they were keep the request ID.
    """

    checksum: str
    lines: Lines
    rows: list[Row]
    left_out: frozenset[int]
    ancestors: Mapping[int, Ancestor] = field(default_factory=dict)
    left: Collection[int] = frozenset()
    of_sheet: bool = False

    def __len__(self) -> int:
        return len(self.rows) - len(self.left_out)

    def __iter__(self) -> Iterator[Spot]:
        for i, (line, row) in enumerate(zip(self.lines, self.rows, strict=True)):
            if i not in self.left_out:
                yield self._spot(i, line, row)

    def _spot(self, i: int, line: Line, row: Row) -> Spot:
        spot_id, station, airtime = row.spot_id, row.station, row.airtime
        return Spot(
            line.number,
            line.offset,
            spot_id,
            station,
            airtime,
            row.duration,
            row.advertiser,
            self._request_id(i, row),
            line.raw,
            self.ancestors.get(i),
        )

    def _request_id(self, i: int, row: Row) -> str:
        ancestor = self.ancestors.get(i)
        if ancestor and ancestor.request_id and i in self.left:
            return ancestor.request_id  # derived of its own record, wherever that stands
        checksum = self._checksum(ancestor, row) if self.of_sheet else self.checksum
        return request_id(row.spot_id, row.airtime, checksum, row.station)

    def _checksum(self, ancestor: Ancestor | None, row: Row) -> str:
        """Return what the request ID of a sheet's row is derived under: where it comes from."""
        duration, advertiser = row.duration, row.advertiser
        if ancestor is None:
            return added_checksum(duration, advertiser)
        return heir_checksum(ancestor.checksum, ancestor.offset, duration, advertiser)

    @overload
    def __getitem__(self, index: int) -> Spot: ...
    @overload
    def __getitem__(self, index: slice) -> list[Spot]: ...
    def __getitem__(self, index: int | slice) -> Spot | list[Spot]:
        return list(self)[index]
