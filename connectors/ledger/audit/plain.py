"""A second, plain reading of a record: an audit does not use the reader it is auditing."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from connectors.ledger.audit.shape import positive
from connectors.records import Format
from connectors.request_id import request_id

SPOT_ID, AIRTIME, STATION = "SpotID", "AirDateTime", "StationCode"
DURATION, ADVERTISER = "Duration", "ClientName"


class PlainSpot(NamedTuple):
    """A spot exactly as the export writes it; the first three tell it from all others."""

    spot_id: str
    airtime: str
    station: str
    duration_sec: int
    advertiser: str

    def request_id(self, checksum: str) -> str | None:
        """Derive the request ID; None for text that no export can hold (a lone surrogate)."""
        try:
            return request_id(self.spot_id, self.airtime, checksum, self.station)
        except UnicodeEncodeError:
            return None


Reading = Callable[[bytes], PlainSpot | None]
"""Gives the spot of a raw record, None where it is none."""


def reading(form: Format, columns: Sequence[str] = ()) -> Reading:
    """Choose how to read an export's records; `columns` is the header of a CSV."""
    return _csv(columns) if form == "csv" else _json


def _json(raw: bytes) -> PlainSpot | None:
    try:
        fields = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    return _spot(fields) if isinstance(fields, dict) else None


def _csv(columns: Sequence[str]) -> Reading:
    def read(raw: bytes) -> PlainSpot | None:
        try:
            [row] = csv.reader([raw.decode()])
            fields = dict(zip(columns, row, strict=False))
            return _spot({**fields, DURATION: _number(fields.get(DURATION, ""))})
        except (ValueError, csv.Error):
            return None

    return read


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _spot(fields: Mapping[str, object]) -> PlainSpot | None:
    match [fields.get(name) for name in (SPOT_ID, AIRTIME, STATION, DURATION, ADVERTISER)]:
        case [str(spot_id), str(airtime), str(station), int(duration), str(advertiser)] if positive(
            duration
        ):
            return PlainSpot(spot_id, airtime, station, duration, advertiser)
    return None
