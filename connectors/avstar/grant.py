"""How much of the quota is ours, by what the API says is left of it."""

from collections.abc import Sequence
from math import inf

from connectors.avstar.announced import Announced
from connectors.avstar.rate import Rate

FLOOR_SHARE = 0.1
"""Share of our rate that no announcement takes away: only a 429 or a 503 stops a lane. Some APIs
announce nonsense, and who sends nothing learns nothing.
"""

RESERVE_SHARE = 0.05
"""Share of the quota that is left free where it is shared: others do not flow evenly."""

_ROUNDING = 1.0
"""Windows and resets are announced in whole seconds, by many servers rounded down."""


class Grant:
    """Places in our window, or time between requests, that the API's own figures leave to us.

    What is not left of a window like ours, and is not ours, is somebody else's: so many places
    are taken out of our window. Of any other window we know nothing but how many requests are
    left until its reset: these are spread evenly.

    A figure holds until a request that started later brings another, or for a window, or until
    the reset. Alone, with the quota as configured, nothing is taken out. Time is passed in.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._interval = rate.seconds / rate.requests
        self._asked = self.until = self._spread_until = -inf
        self._places = rate.requests
        self._spacing = 0.0

    def places(self, now: float) -> int:
        """Count the places in our window that we may use."""
        return self._places if now < self.until else self._rate.requests

    def spaced(self, last: float, now: float) -> float:
        """Return when a request may start after one that started at `last`."""
        if now >= self._spread_until:
            return -inf
        return min(last + self._spacing, self._spread_until)

    def learn(
        self, announced: Sequence[Announced], asked: float, own: int, in_flight: int, now: float
    ) -> None:
        """Learn from the answer to a request that started at `asked`.

        Args:
            announced: What the answer says.
            asked: When its request started.
            own: Requests of ours that the server may have counted in our window, at most.
            in_flight: Requests that it may not have counted yet, at most.
            now: When the answer came.
        """
        if not announced or asked < self._asked:
            return
        self._asked, self.until = asked, now + self._rate.seconds
        places = [self._left_to_us(one, own) for one in announced if self._is_ours(one)]
        self._places = min([self._rate.requests, *places])
        spread = [self._spread(one, in_flight) for one in announced if not self._is_ours(one)]
        self._spacing, holds = max(spread, default=(0.0, 0.0))
        self._spread_until = now + min(holds, self._rate.seconds)

    def _is_ours(self, one: Announced) -> bool:
        """Tell whether a figure is about a window like ours; if it does not say, by its looks."""
        ours = self._rate.seconds
        if one.window is not None:
            return abs(one.window - ours) < _ROUNDING
        soon = one.reset is None or one.reset <= ours + _ROUNDING
        return soon and (one.limit is None or one.limit >= self._rate.requests)

    def _left_to_us(self, one: Announced, own: int) -> int:
        limit = self._rate.requests if one.limit is None else one.limit
        foreign = limit - one.remaining - own
        if foreign <= 0:
            return limit
        reserve = min(foreign, max(1, int(limit * RESERVE_SHARE)))
        return max(0, limit - foreign - reserve)

    def _spread(self, one: Announced, in_flight: int) -> tuple[float, float]:
        """Return seconds between requests, and for how long."""
        left = max(0, one.remaining - in_flight)
        time = one.window or 0.0 if one.reset is None else one.reset + _ROUNDING
        spacing = min(self._interval / FLOOR_SHARE, time / left if left else inf)
        return (spacing, time) if spacing > self._interval else (0.0, 0.0)
