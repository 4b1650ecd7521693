"""A line of cron in a time zone: is it one, and does it come once a day?"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
YEARS = timedelta(days=730)


def wrong_schedule(line: str, zone: str) -> str | None:
    """Say what is wrong, None if nothing is."""
    if zone not in available_timezones():
        return f"{zone!r} is no time zone"
    if why := wrong_cron(line):
        return f"{line!r}: {why}"
    day = next(odd_days(line, ZoneInfo(zone)), None)
    return f"{line!r} comes never or twice on {day} in {zone}" if day else None


def wrong_cron(line: str) -> str | None:
    parts = line.split()
    if len(parts) != len(FIELDS):
        return f"{len(parts)} fields instead of {len(FIELDS)}"
    for part, (name, (low, high)) in zip(parts, FIELDS.items(), strict=True):
        for item in part.split(","):
            found = re.fullmatch(r"(\*|\d+(-\d+)?)(/[1-9]\d*)?", item)
            if not found:
                return f"{item!r} is no {name}"
            if any(not low <= int(text) <= high for text in re.findall(r"\d+", found[1])):
                return f"{item!r} is no {name}"
    return None


def odd_days(line: str, zone: ZoneInfo) -> Iterator[str]:
    """Give the days on which the clock is set over a time of day."""
    minute, hour = line.split()[:2]
    if not (minute.isdigit() and hour.isdigit()):
        return
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    for days in range(YEARS.days):
        day = now + timedelta(days=days)
        local = day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        offsets = {local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
        if len(offsets) > 1:
            yield f"{local:%F}"
