"""How a night went: requests over time beside the quota, and the pauses between."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

MOST_BARS = 160
"""Bars of the picture: as many as can be told apart on paper."""

_WIDTHS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
"""Seconds of a bar, of which the first is taken that needs few enough."""


class Bar(NamedTuple):
    """Spots delivered in a span of time, and the requests for them that had failed.

    `throttled` and `broken` say that a spot was held up in it, because Avstar had asked for a pause
    or because the breaker was open.
    """

    start: datetime
    delivered: int
    repeats: int
    throttled: bool = False
    broken: bool = False

    @property
    def is_pause(self) -> bool:
        """Tell whether nothing was delivered."""
        return not self.delivered


class Course(NamedTuple):
    """Bars of equal `seconds` without a gap; `quota` is what one may hold."""

    seconds: int
    quota: float
    bars: list[Bar]

    @property
    def most(self) -> float:
        """The height that shows all of it."""
        return max((float(bar.delivered + bar.repeats) for bar in self.bars), default=0.0)


def course(
    ticks: Iterable[tuple[str, int]],
    *,
    per_second: float,
    held_up: Iterable[tuple[str, Sequence[float]]] = (),
) -> Course:
    """Divide deliveries into bars.

    Args:
        ticks: When each spot was delivered, in ISO 8601, and after how many requests.
        per_second: The quota.
        held_up: Minutes of UTC in which a pause began, with what the manifest says of each.
    """
    delivered: Counter[int] = Counter()
    repeats: Counter[int] = Counter()
    for moment, attempts in ticks:
        second = _second(moment)
        delivered[second] += 1
        repeats[second] += attempts - 1
    if not delivered:
        return Course(1, per_second, [])
    throttled, broken = _held_up(held_up)
    first, last = min(delivered), max(delivered)
    width = next((width for width in _WIDTHS if (last - first) / width < MOST_BARS), 86_400)
    begin = first - first % width
    bars = []
    for start in range(begin, last + 1, width):
        span = range(start, start + width)
        counts = sum(delivered[one] for one in span), sum(repeats[one] for one in span)
        marks = any(map(throttled.__contains__, span)), any(map(broken.__contains__, span))
        bars.append(Bar(_EPOCH + timedelta(seconds=start), *counts, *marks))
    return Course(width, per_second * width, bars)


_MINUTE, _LONGEST = 60, 24 * 3600

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def _held_up(minutes: Iterable[tuple[str, Sequence[float]]]) -> tuple[set[int], set[int]]:
    """Return the seconds that were throttled, and those in which the breaker was open.

    A minute is that in which a pause began; a long one reaches beyond it.
    """
    throttled: set[int] = set()
    broken: set[int] = set()
    for minute, (answers, paused, openings, waited) in minutes:
        begin = _second(f"{minute}:00+00:00")
        for seconds, told, marked in ((paused, answers, throttled), (waited, openings, broken)):
            if seconds or told:
                marked.update(range(begin, begin + max(_MINUTE, min(int(seconds), _LONGEST))))
    return throttled, broken


def _second(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
