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


def checksum_of(row: Mapping[str, Any], checksum: str, spot: PlainSpot) -> str:
    """Return what a row's request ID has to be derived under: an export, or what it comes from."""
    ancestor = row.get("ancestor")
    if not ancestor or list(flaws(ancestor, ANCESTOR)):
        return checksum
    if _is_kept(row, ancestor):
        return str(ancestor["checksum"])
    parts = (ancestor["checksum"], ancestor["offset"], spot.duration_sec, spot.advertiser)
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
