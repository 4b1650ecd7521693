"""A sheet of the traffic desk, read for an audit: what a row is, and what it comes from."""

import csv
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from connectors.ledger.audit.plain import PlainSpot, Reading
from connectors.ledger.audit.shape import REQUEST_ID, SHA256, Shape, flaws, natural, optional
from connectors.records import COLUMNS, Line
from connectors.sheet import Folded, is_sheet, unfold

ANCESTOR: Shape = {
    "checksum": SHA256,
    "line": natural,
    "offset": natural,
    "request_id": optional(REQUEST_ID),
}


class Descent(NamedTuple):
    """Where a record comes from, as its ledger has to say it.

    `kept` tells whether it has to have its ancestor's request ID if it is sent.
    """

    ancestor: Mapping[str, Any] | None
    kept: bool


def reading_of_sheet(columns: Sequence[str]) -> Reading | None:
    """Choose how to read the records of a sheet; None if the header is that of no sheet."""
    return (lambda raw: _spot(raw, columns)) if is_sheet(columns) else None


NO_DESCENT = Descent(None, kept=False)


def descent(line: Line, columns: Sequence[str]) -> Descent:
    """Say where a record of an export comes from; most come from nowhere."""
    row = _unfolded(line.raw, columns) if is_sheet(columns) else None
    if not row or not row.past:
        return NO_DESCENT
    ancestor = row.past.ancestor
    return Descent(ancestor._asdict(), kept=row.left and ancestor.request_id is not None)


def request_id_of(
    row: Mapping[str, Any], checksum: str, spot: PlainSpot, *, of_sheet: bool
) -> str | None:
    """Return the request ID that a row has to have, None if its spot can have none.

    That of a row which kept its ancestor's is found right here: only the ledger of the ancestor
    can say what that was, and `night` asks it.

    Args:
        row: The row of the ledger.
        checksum: The SHA-256 of its export.
        spot: What it holds.
        of_sheet: Whether the export is a sheet.
    """
    ancestor = row.get("ancestor")
    if ancestor and not list(flaws(ancestor, ANCESTOR)):
        if _is_kept(row, ancestor):
            return str(ancestor["request_id"])
        return spot.request_id(_under(ancestor["checksum"], ancestor["offset"], *spot[3:]))
    return spot.request_id(_under("added", *spot[3:]) if of_sheet else checksum)


def _under(*parts: object) -> str:
    return sha256("\x1f".join(map(str, parts)).encode(errors="replace")).hexdigest()


def _is_kept(row: Mapping[str, Any], ancestor: Mapping[str, Any]) -> bool:
    return row["request_id"] is not None and row["request_id"] == ancestor["request_id"]


def _spot(raw: bytes, columns: Sequence[str]) -> PlainSpot | None:
    row = _unfolded(raw, columns)
    if row is None:
        return None
    spot_id, station, airtime, duration, advertiser = (row.fields[name] for name in COLUMNS)
    if not (duration.isascii() and duration.isdecimal() and int(duration)):
        return None
    return PlainSpot(spot_id, airtime, station, int(duration), advertiser)


def _unfolded(raw: bytes, columns: Sequence[str]) -> Folded | None:
    try:
        [row] = csv.reader([raw.decode()])
        return unfold(dict(zip(columns, row, strict=True)))
    except (ValueError, csv.Error):
        return None
