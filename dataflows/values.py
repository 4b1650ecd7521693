"""Values that the environment holds as text: how each is read and what is none."""

import os
import re
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, PlainSerializer
from pydantic_settings import NoDecode

from connectors.avstar import Proxy, Rate
from connectors.errors import RefusedError


def _split(separator: str) -> BeforeValidator:
    def split(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(filter(None, map(str.strip, value.split(separator))))

    return BeforeValidator(split)


def _some(stations: tuple[str, ...]) -> tuple[str, ...]:
    if not stations:
        raise RefusedError("AVSTAR_STATIONS is empty; name stations, or leave it out to keep all")
    return stations


def _rate(value: Any) -> Any:
    return Rate.parse(value) if isinstance(value, str) else value


def _proxy(value: Any) -> Any:
    return Proxy(value) if isinstance(value, str) else value


def _time(value: Any) -> Any:
    try:
        return datetime.strptime(value, "%H:%M").time() if isinstance(value, str) else value  # noqa: DTZ007 - no day, no zone
    except ValueError:
        raise RefusedError(f"deadline {value!r} is no time of day; write it as in 05:30") from None


def _zone(value: Any) -> Any:
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RefusedError(
            f"timezone {value!r} is unknown; name it as in America/New_York"
        ) from None


def _address(value: str) -> str:
    if not re.fullmatch(r"(\[[^\s\[\]]+\]|[^\s,:;\[\]]+):\d{1,5}", value):
        raise RefusedError(f"address {value!r} is none; write host:port, such as 0.0.0.0:3030")
    return value


Address = Annotated[str, AfterValidator(_address)]
Paths = Annotated[tuple[Path, ...], NoDecode, _split(os.pathsep)]
ProxyUrl = Annotated[Proxy, NoDecode, BeforeValidator(_proxy), PlainSerializer(str)]
Quota = Annotated[Rate, NoDecode, BeforeValidator(_rate)]
Stations = Annotated[tuple[str, ...], NoDecode, AfterValidator(_some), _split(",")]
TimeOfDay = Annotated[time, NoDecode, BeforeValidator(_time)]
Zone = Annotated[ZoneInfo, NoDecode, BeforeValidator(_zone)]
