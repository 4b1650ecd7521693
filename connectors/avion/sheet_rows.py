"""Rows of a checked sheet as they would be sent, before any of them is."""

from collections.abc import Iterator
from typing import NamedTuple

from connectors.avion.cutter import LINE_LIMIT
from connectors.avion.sheets import rows_of, unfold_row
from connectors.records import COLUMNS, Ancestor, Export
from connectors.request_id import added_checksum, heir_checksum, request_id
from connectors.sheet import Folded

Airing = tuple[str, str, str]
"""Spot ID, station and air time."""


class SheetRow(NamedTuple):
    """A row of a sheet: its line, what it comes from, and what it would be sent as.

    `ancestor` is None for a row that the desk added, `airing` and `request_id` for one that is no
    spot, `airing` alone for one that is not sent as it is. `new` tells whether the request ID is
    one that no record had before.
    """

    line: int
    ancestor: Ancestor | None
    request_id: str | None
    airing: Airing | None
    new: bool


def sheet_rows(export: Export, *, line_limit: int = LINE_LIMIT) -> Iterator[SheetRow]:
    """Yield the rows of a checked sheet.

    Raises:
        RefusedError: It is no longer what it was when it was checked.
        OSError: It cannot be read.
    """
    for line, cells in rows_of(export, line_limit):
        row = unfold_row(cells)  # type: ignore[arg-type]  # a checked sheet has no others
        ancestor = row.past.ancestor if row.past else None
        kept = ancestor.request_id if ancestor and row.left else None
        found = kept or _new_request_id(row, ancestor)
        airing = _airing(row) if found and row.may_be_sent else None
        yield SheetRow(line.number, ancestor, found, airing, bool(found and not kept))


def _airing(row: Folded) -> Airing:
    spot_id, station, airtime, *_ = (row.fields[name] for name in COLUMNS)
    return spot_id, station, airtime


def _new_request_id(row: Folded, ancestor: Ancestor | None) -> str | None:
    spot_id, station, airtime, duration, advertiser = (row.fields[name] for name in COLUMNS)
    if not (duration.isascii() and duration.isdecimal()):
        return None
    checksum = added_checksum(int(duration), advertiser)
    if ancestor:
        origin = ancestor.checksum, ancestor.offset
        checksum = heir_checksum(*origin, int(duration), advertiser)
    return request_id(spot_id, airtime, checksum, station)
