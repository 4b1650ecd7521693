"""Whether a run will be done in time, as its present rate tells."""

from collections import deque
from datetime import date, datetime, time, timedelta, tzinfo
from math import inf

WINDOW_SECONDS = 300.0
"""What "at present" means: longer than the pauses of a breaker, shorter than a night."""

_LOOK_SECONDS = 1.0
"""Looks closer together add nothing."""

_FIRST_SECONDS = 30.0
"""What a run has to be watched for before its rate says anything, unless time is short."""


class Forecast:
    """Learns how the count of what is settled grows, and tells when it will be all.

    Times are passed in: `now` in seconds since the epoch, as a deadline is told, and `at` on the
    monotonic clock, since a rate must not change where somebody sets the other.

    Args:
        total: What there is to settle.
        deadline: When it has to be; None if nobody waits for it.
    """

    def __init__(self, total: int, deadline: float | None = None) -> None:
        self.deadline = deadline
        self._total = total
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, done: int, at: float) -> None:
        """Learn how much is settled at a moment."""
        looks = self._looks
        if len(looks) > 1 and at - looks[-2][0] < _LOOK_SECONDS:
            looks.pop()
        looks.append((at, done))
        while at - looks[0][0] > WINDOW_SECONDS:
            looks.popleft()

    def needed(self, now: float) -> float | None:
        """Return the seconds still needed at the present rate: None as long as nobody knows."""
        if not self._looks:
            return None
        (first, before), (last, done) = self._looks[0], self._looks[-1]
        left = self._total - done
        if left <= 0:
            return 0.0
        if last - first < self._first(now):
            return None
        return left * (last - first) / (done - before) if done > before else inf

    def left(self, now: float) -> float | None:
        """Return the seconds to the deadline, negative once it has passed."""
        return None if self.deadline is None else self.deadline - now

    def margin(self, now: float) -> float | None:
        """Return the seconds to spare at the present rate, negative if it comes too late.

        None as long as nobody knows; once the deadline has passed, everybody does.
        """
        left, needed = self.left(now), self.needed(now)
        if left is None or (needed is None and left >= 0):
            return None
        return left - (needed or 0.0)

    def words(self, now: float) -> str:
        """Say for people how it stands with the deadline; nothing where there is none."""
        left, margin = self.left(now), self.margin(now)
        if left is None:
            return ""
        when = f"playout in {_clock(left)}" if left > 0 else f"playout was {_clock(-left)} ago"
        if margin is None:
            return when
        if margin >= 0:
            return f"{when}, {_clock(margin)} to spare"
        return f"{when}, LATE{'' if margin == -inf else f' by {_clock(-margin)}'}"

    def _first(self, now: float) -> float:
        left = self.left(now)
        return _FIRST_SECONDS if left is None else min(_FIRST_SECONDS, max(1.0, left / 10))


def next_occurrence(at: time, since: datetime, zone: tzinfo | None) -> datetime:
    """Return when it is next `at` o'clock after `since`, in a zone or in the machine's own."""
    today = since.astimezone(zone).date()
    found = (_moment(at, today + timedelta(days=days), zone) for days in (0, 1))
    return next((moment for moment in found if moment > since), _moment(at, today, zone))


def _moment(at: time, day: date, zone: tzinfo | None) -> datetime:
    moment = datetime.combine(day, at, zone)
    return moment if zone else moment.astimezone()


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"
