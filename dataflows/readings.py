"""What a meter, its lanes and its forecast say at this moment."""

import time
from collections.abc import Callable, Mapping
from math import inf

from connectors.avstar import Lane
from dataflows.followed import Followed
from dataflows.meter import Meter

Values = Mapping[str, float]
"""Values by the value of the label; by nothing where there is no label."""

BREAKER_STATES = ("closed", "open", "half_open", "probing")

STANDSTILL_SECONDS = -7.0 * 86_400
"""The margin of a run that stands still: late by a week, since no scale has a place for never."""


def breaker(meter: Meter) -> Values:
    """Count the lanes in each state of the breaker."""
    states = [lane.state.value for lane in meter.sending]
    return {state: states.count(state) for state in BREAKER_STATES}


def total(of: Callable[[Lane], float]) -> Callable[[Meter], float]:
    """Make a reading that adds up all lanes at work."""
    return lambda meter: sum(of(lane) for lane in meter.sending)


def playout(meter: Meter) -> float | None:
    """Return the seconds to the deadline."""
    return meter.forecast.left(time.time()) if meter.forecast else None


def needed(meter: Meter) -> float | None:
    """Return the seconds still needed; nothing while nobody knows or nothing moves."""
    seconds = meter.forecast.needed(time.time()) if meter.forecast else None
    return None if seconds == inf else seconds


def margin(meter: Meter) -> float | None:
    """Return the seconds to spare."""
    seconds = meter.forecast.margin(time.time()) if meter.forecast else None
    return None if seconds is None else max(STANDSTILL_SECONDS, seconds)


def age(meter: Meter) -> float | None:
    """Return the age of the last checkpoint in seconds."""
    at = meter.checkpointed()
    return None if at is None else max(0.0, time.time() - at)


def followed(of: Callable[[Followed], float | None]) -> Callable[[Meter], float | None]:
    """Make a reading of the folder that is followed; nothing where none is."""
    return lambda meter: of(meter.followed) if meter.followed else None


def telemetry(fate: str) -> Callable[[Meter], Values]:
    """Make a reading of how many spans and log records met a fate."""
    return lambda meter: meter.telemetry(fate)
