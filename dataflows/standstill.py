"""Why a run stands still, in words for whoever watches it."""

from dataflows.meter import Meter

_WORTH_SECONDS = 1.0
"""A shorter pause is over before anybody has read of it."""

_DETAIL = 80
"""Characters of the API's words that fit beside the rest."""


def standstill(meter: Meter) -> str:
    """Say what the delivery waits for; nothing while it moves."""
    lanes = list(meter.lanes)
    if not lanes:
        return ""
    pause = max(lane.pause_left() for lane in lanes)
    if any(lane.state.value != "closed" for lane in lanes):
        when = f"next try in {pause:,.0f} s" if pause else "trying"
        return f"breaker open, {when}{_trouble(meter)}"
    if pause > _WORTH_SECONDS:
        return f"told to wait {pause:,.0f} s more"
    if not meter.attempts.total() + meter.delivered:
        return "waiting for the quota that an earlier run may have used"
    return ""


def _trouble(meter: Meter) -> str:
    return f": {meter.trouble[:_DETAIL]}" if meter.trouble else ""
