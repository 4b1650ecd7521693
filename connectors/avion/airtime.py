"""Air times: how they are commonly written, and which local ones exist just once."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

_DAY = (
    "(?:19|20)[0-9][0-9]-(?:"
    "(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|"
    "(?:0[13578]|1[02])-31)|"
    "(?:(?:19|20)(?:0[48]|[2468][048]|[13579][26])|2000)-02-29"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_OFFSET = "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"

COMMON = f"^(?:{_DAY})T{_CLOCK}{_OFFSET}$"
"""Air times with an offset that exist for certain; to match costs a third of making a datetime."""

COMMON_LOCAL = f"^(?:{_DAY})T{_CLOCK}{_OFFSET}?$"
"""The same, where the offset may be left out."""

_REMEMBERED = 1 << 16
"""Air times whose verdict is kept: most of a day's seconds, which stations share."""

_read = TypeAdapter(datetime).validate_python


class LocalTimes:
    """Says what is wrong with a local time of a zone; calling it is a pure function."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known = lru_cache(_REMEMBERED)(self._fault)

    def __call__(self, airtime: str) -> str | None:
        """Return words for the traffic desk; None for a time that exists once, or has an offset."""
        return self._known(airtime)

    def _fault(self, airtime: str) -> str | None:
        moment = _read(airtime)
        if moment.tzinfo is not None:
            return None
        first, second = (
            moment.replace(tzinfo=self._zone, fold=fold).utcoffset() or timedelta(0)
            for fold in (0, 1)
        )
        if first == second:
            return None
        happens = "never happens" if first < second else "happens twice"  # clocks go forward, back
        return f"AirDateTime {happens} as a local time in {self._zone.key}; write its UTC offset"
