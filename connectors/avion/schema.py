"""What a record must be: the strict model, which decides, and its errors in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from connectors.avion.airtime import LocalTimes
from connectors.avion.common import Common
from connectors.avion.row import Row
from connectors.records import Format

_STRICT = ConfigDict(strict=True, extra="ignore", frozen=True)


class TrafficRecord(BaseModel):
    """One spot of a traffic export, strictly: no value is converted, unknown fields are ignored.

    `airtime` keeps the text as written; `moment` is the same field read as a date, so that a day
    that does not exist is found. The pattern keeps out what is a date but not ISO 8601.
    """

    model_config = _STRICT

    spot_id: Annotated[str, Field(alias="SpotID", min_length=1)]
    station: Annotated[str, Field(alias="StationCode", min_length=1)]
    airtime: Annotated[str, Field(alias="AirDateTime", pattern=r"^\d{4}-\d\d-\d\dT")]
    moment: Annotated[AwareDatetime, Field(alias="AirDateTime")]
    duration: Annotated[int, Field(alias="Duration", gt=0)]
    advertiser: Annotated[str, Field(alias="ClientName", min_length=1)]


class LocalTrafficRecord(TrafficRecord):
    """A spot of an export that may write local times, without an offset."""

    moment: Annotated[datetime, Field(alias="AirDateTime")]


class _CellRecord(TrafficRecord):
    """A spot whose fields are all text, as in CSV: dates and digits are read from it."""

    moment: Annotated[AwareDatetime, Field(alias="AirDateTime", strict=False)]
    digits: Annotated[str, Field(alias="Duration", pattern=r"^[0-9]+$")]
    duration: Annotated[int, Field(alias="Duration", gt=0, strict=False)]


class _LocalCellRecord(_CellRecord):
    moment: Annotated[datetime, Field(alias="AirDateTime", strict=False)]


class Checked(NamedTuple):
    """One outcome for each record: `rows` that passed, and why the others (indices) did not."""

    rows: list[Row]
    bad: dict[int, str]


class Schema:
    """Checks records of one format; with a `zone` it accepts local times that exist just once."""

    def __init__(self, record_format: Format, zone: ZoneInfo | None = None) -> None:
        self._model = MODELS[record_format, zone is not None]
        self._common = Common(record_format, local=zone is not None)
        self._zone_fault = None if zone is None else LocalTimes(zone)

    def check(self, values: Sequence[Any]) -> Checked:
        """Check a batch in one pass, and what that pass does not know one by one.

        The pass knows the common form of a record, all of which the model accepts; about the rest
        the model itself decides.
        """
        rows, others = self._common(values)
        bad: dict[int, str] = {}
        for i in others:
            if words := self._decide(rows, i, values[i]):
                bad[i] = words
        return Checked(rows, self._out_of_zone(rows, bad))

    def _decide(self, rows: list[Row], i: int, value: Any) -> str | None:
        """Put the row of a record that is good in its place; return words for one that is not."""
        try:
            rows[i] = self._row(value)
        except ValidationError as error:
            return "; ".join(dict.fromkeys(map(_words, error.errors(include_url=False))))
        return None

    def _row(self, value: Any) -> Row:
        if isinstance(value, bytes):
            record = self._model.model_validate_json(value)
        else:
            record = self._model.model_validate(value)
        return Row(
            record.spot_id, record.station, record.airtime, record.duration, record.advertiser
        )

    def _out_of_zone(self, rows: list[Any], bad: dict[int, str]) -> dict[int, str]:
        if self._zone_fault is None:
            return bad
        faults = {i: self._zone_fault(row.airtime) for i, row in enumerate(rows) if i not in bad}
        return dict(sorted((bad | {i: fault for i, fault in faults.items() if fault}).items()))


MODELS: dict[tuple[Format, bool], type[TrafficRecord]] = {
    ("ndjson", False): TrafficRecord,
    ("ndjson", True): LocalTrafficRecord,
    ("json", False): TrafficRecord,
    ("json", True): LocalTrafficRecord,
    ("csv", False): _CellRecord,
    ("csv", True): _LocalCellRecord,
}
"""The model of each format, and whether it accepts local times."""

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "is empty",
    "int_type": "must be a whole number of seconds",
    "int_parsing": "must be a whole number of seconds",
    "greater_than": "must be more than 0 seconds",
    "timezone_aware": "has no UTC offset, such as -05:00 or Z; or name its zone with --timezone",
}
_BY_FIELD = {
    "AirDateTime": "must be a date and time that exists, such as 2026-11-24T05:30:00-05:00",
    "Duration": "must be a whole number of seconds",
}


def _words(error: Any) -> str:
    field = str(error["loc"][-1]) if error["loc"] else "record"
    words = _WORDS.get(error["type"]) or _BY_FIELD.get(field) or error["msg"]
    return f"{field} {words}"
