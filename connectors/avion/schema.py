"""What a record must be: the strict model, its fast form for batches, and its errors in words."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from itertools import compress
from operator import is_
from typing import Annotated, Any, NamedTuple, Union
from zoneinfo import ZoneInfo

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from connectors.avion.airtime import COMMON, COMMON_LOCAL, LocalTimes
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


class Row(TypedDict):
    """A checked record as the batch path returns it: the model's fields without its instance."""

    spot_id: str
    station: str
    airtime: str
    duration: int
    advertiser: str


_ROW_FIELDS = set(Row.__annotations__)


class Checked(NamedTuple):
    """One outcome for each record: `rows` that passed, and why the others (indices) did not."""

    rows: list[Any]
    bad: dict[int, str]


class Schema:
    """Checks records of one format; with a `zone` it accepts local times that exist just once."""

    def __init__(self, record_format: Format, zone: ZoneInfo | None = None) -> None:
        self._model = _MODELS[record_format, zone is not None]
        self._check = _batch_validator(record_format, local=zone is not None)
        self._zone_fault = None if zone is None else LocalTimes(zone)

    def check(self, values: Sequence[Any]) -> Checked:
        """Check a batch in one pass, and what that pass does not know one by one.

        The pass knows the common form of a record, all of which the model accepts. What it does
        not know comes back as it went in, is thereby found, and the model itself decides.
        """
        rows = self._check(values)
        bad: dict[int, str] = {}
        for i in compress(range(len(rows)), map(is_, rows, values)):
            if words := self._decide(rows, i):
                bad[i] = words
        return Checked(rows, self._out_of_zone(rows, bad))

    def _decide(self, rows: list[Any], i: int) -> str | None:
        """Put a row in the place of a record that is good; return words for one that is not."""
        try:
            rows[i] = self._validate(rows[i]).model_dump(include=_ROW_FIELDS)
        except ValidationError as error:
            return "; ".join(dict.fromkeys(map(_words, error.errors(include_url=False))))
        return None

    def _validate(self, value: Any) -> TrafficRecord:
        if isinstance(value, bytes):
            return self._model.model_validate_json(value)
        return self._model.model_validate(value)

    def _out_of_zone(self, rows: list[Any], bad: dict[int, str]) -> dict[int, str]:
        if self._zone_fault is None:
            return bad
        faults = {i: self._zone_fault(row["airtime"]) for i, row in enumerate(rows) if i not in bad}
        return dict(sorted((bad | {i: fault for i, fault in faults.items() if fault}).items()))


@cache
def _batch_validator(record_format: Format, *, local: bool) -> Callable[[Sequence[Any]], list[Any]]:
    # A model instance costs as much as its checks; a plain dict of the same fields does not.
    model = _MODELS[record_format, local]
    fields = {name: Annotated[f.annotation, f] for name, f in model.model_fields.items()}
    del fields["moment"]
    pattern = COMMON_LOCAL if local else COMMON
    fields["airtime"] = Annotated[str, Field(alias="AirDateTime", pattern=pattern)]
    row = TypedDict("row", fields)  # type: ignore[misc]  # made from the model, so never beside it
    row.__pydantic_config__ = _STRICT  # type: ignore[attr-defined]
    one: Any = Json[row] if record_format != "csv" else row
    either = Annotated[Union[one, Any], Field(union_mode="left_to_right")]  # noqa: UP007 - dynamic
    return TypeAdapter(list[either]).validate_python


_MODELS: dict[tuple[Format, bool], type[TrafficRecord]] = {
    ("ndjson", False): TrafficRecord,
    ("ndjson", True): LocalTrafficRecord,
    ("json", False): TrafficRecord,
    ("json", True): LocalTrafficRecord,
    ("csv", False): _CellRecord,
    ("csv", True): _LocalCellRecord,
}

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
