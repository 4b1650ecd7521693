"""A limiter that keeps a sliding window whatever the network does."""

from collections import deque
from math import ceil, inf

from connectors.avstar.rate import Rate

CLOCK_SLACK = 0.001
"""Share added to the window: two machines' clocks do not run at quite the same speed."""

BURST_SHARE = 0.05
"""Share of the quota that may be caught up in a burst after the flow was held up."""


_TICK = 1e-5
"""Seconds to wait at least while nothing may start, whatever rounding makes of the rest."""


class WindowLimiter:
    """Says when the next request may start, so that no window of the server's is ever exceeded.

    For N requests in any window W: a request may start only while fewer than N are in flight or
    finished less than W ago. It reaches the server after it starts, and the one W before reached
    it before it finished, so they are at least W apart at the server, however long either took
    on its way. The price is the time of one request for each window: N / (W + latency).

    Pacing on top (N/W with a bounded burst) keeps the flow even. A new limiter takes its window
    as evenly used, since the process before it may have used it. Time is passed in.
    """

    def __init__(self, rate: Rate, now: float) -> None:
        self._limit = rate.requests
        self._window = rate.seconds * (1 + CLOCK_SLACK)
        self._interval = rate.seconds / rate.requests
        self._burst = max(1, int(rate.requests * BURST_SHARE)) * self._interval
        self._finished: deque[float] = deque()
        self._in_flight = 0
        self._began = now
        self._due = now + self._burst  # nothing to catch up at the beginning

    def wait(self, now: float) -> float:
        """Return the seconds until a request may start.

        0.0 means now, infinity: not before one in flight has finished.
        """
        while self._finished and self._finished[0] + self._window <= now:
            self._finished.popleft()
        paced = self._due - self._burst - now
        inherited = self._inherited(now)
        if self._in_flight + len(self._finished) + inherited < self._limit:
            return max(0.0, paced)
        return max(_TICK, paced, self._next_free(inherited) - now)

    def start(self, now: float) -> None:
        """Note that a request starts now."""
        self._in_flight += 1
        self._due = max(self._due, now) + self._interval

    def finish(self, now: float) -> None:
        """Note that a request finished, whatever came of it."""
        self._in_flight -= 1
        self._finished.append(now)

    def used(self) -> float:
        """Return the share of the quota in use when last asked for, from 0 to 1."""
        return min(1.0, (self._in_flight + len(self._finished)) / self._limit)

    def _inherited(self, now: float) -> int:
        left = 1 - (now - self._began) / self._window
        return ceil(self._limit * left) if left > 0 else 0

    def _next_free(self, inherited: int) -> float:
        gone = self._limit - inherited + 1
        ghost = self._began + gone * self._window / self._limit if inherited else inf
        own = self._finished[0] + self._window if self._finished else inf
        return min(ghost, own)
