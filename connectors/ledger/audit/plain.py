"""A second, plain reading of a record: an audit does not use the reader it is auditing."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from connectors.records import Format, request_id

SPOT_ID, AIRTIME, STATION = "SpotID", "AirDateTime", "StationCode"


class Key(NamedTuple):
    """What tells one spot of an export from another, exactly as the export writes it."""

    spot_id: str
    airtime: str
    station: str

    def request_id(self, checksum: str) -> str | None:
        """Derive the request ID; None for text that no export can hold (a lone surrogate)."""
        try:
            return request_id(self.spot_id, self.airtime, checksum, self.station)
        except UnicodeEncodeError:
            return None


Reading = Callable[[bytes], Key | None]
"""Gives the key of a raw record, None where it has none."""


def reading(form: Format, columns: Sequence[str] = ()) -> Reading:
    """Choose how to read an export's records; `columns` is the header of a CSV."""
    return _ndjson if form == "ndjson" else _csv(columns)


def _ndjson(raw: bytes) -> Key | None:
    try:
        fields = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None
    return _key(fields) if isinstance(fields, dict) else None


def _csv(columns: Sequence[str]) -> Reading:
    def read(raw: bytes) -> Key | None:
        try:
            rows = list(csv.reader([raw.decode()]))
        except (ValueError, csv.Error):
            return None
        return _key(dict(zip(columns, rows[0], strict=False))) if len(rows) == 1 else None

    return read


def _key(fields: Mapping[str, object]) -> Key | None:
    match fields.get(SPOT_ID), fields.get(AIRTIME), fields.get(STATION):
        case (str(spot_id), str(airtime), str(station)):
            return Key(spot_id, airtime, station)
    return None
