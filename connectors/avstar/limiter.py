"""A limiter that keeps a sliding window whatever the network does."""

from collections import deque
from collections.abc import Sequence
from math import inf

from connectors.avstar.announced import Announced
from connectors.avstar.grant import FLOOR_SHARE, Grant
from connectors.avstar.inheritance import Inheritance
from connectors.avstar.rate import Rate

CLOCK_SLACK = 0.001
"""Share added to the window: two machines' clocks do not run at quite the same speed."""

BURST_SHARE = 0.05
"""Share of the quota that may be caught up in a burst after the flow was held up."""

BURST_LEAST = 4
"""Requests that may be caught up of the smallest quota; with fewer, uneven latencies cost some."""

GRACE_SECONDS = 10.0
"""No request reaches the server later than this after it was given up: by then its connection is
long closed. Of a process that died that is taken for a window, where a window is shorter, lest
every start with a small one wait so long.
"""

_TICK = 1e-5
"""Seconds to wait at least while nothing may start, whatever rounding makes of the rest."""


class WindowLimiter:
    """Says when the next request may start, so that no window of the server's is ever exceeded.

    For N requests in any window W: a request may start only while fewer than N are in flight or
    finished less than W ago. It reaches the server after it starts, and the one W before reached
    it before it finished, so they are at least W apart at the server, however long either took
    on its way. The price is the time of one request for each window: N / (W + latency).

    A request that was given up may reach the server yet: it counts as in flight for the grace
    time. What the process before may have sent counts as well. Pacing on top (N/W with a bounded
    burst) keeps the flow even. Time is passed in.

    Args:
        rate: The quota.
        in_flight: Most requests that are in flight at once.
        now: When it begins, in seconds; every process before it has ended.
    """

    def __init__(self, rate: Rate, in_flight: int, now: float) -> None:
        self._limit = rate.requests
        self._window = rate.seconds * (1 + CLOCK_SLACK)
        self._interval = rate.seconds / rate.requests
        burst = max(BURST_LEAST, int(rate.requests * BURST_SHARE))
        self._burst = burst * self._interval
        self._unseen = 2 * in_flight  # as many again may be given up, and not yet surely gone
        self._inheritance = Inheritance(
            rate,
            self._window,
            burst=burst,
            unseen=self._unseen,
            grace=min(GRACE_SECONDS, rate.seconds),
            began=now,
        )
        self._grant = Grant(rate)
        self._in_flight = 0
        self._finished: deque[float] = deque()
        self._given_up: deque[float] = deque()  # until they are surely gone
        self._gone: deque[float] = deque()  # when they are, until they have left the window too
        self._refused: deque[float] = deque()
        self._started = self._left = 0
        self._last = -inf
        self._due = now + self._burst  # nothing to catch up at the beginning

    def wait(self, now: float) -> float:
        """Return the seconds until a request may start.

        0.0 means now, infinity: not before one in flight has finished.
        """
        self._let_go(now)
        paced = max(self._due - self._burst, self._grant.spaced(self._last, now)) - now
        waits = [0.0, paced, self._without_place(now)]
        if self._in_flight + len(self._given_up) >= self._unseen:
            # too many are in flight or not yet surely gone
            waits.append(max(_TICK, self._given_up[0] - now) if self._given_up else inf)
        return max(waits)

    def start(self, now: float) -> int:
        """Note that a request starts now; return how many had left the window by then."""
        self._in_flight += 1
        self._started += 1
        self._last = now
        self._due = max(self._due, now) + self._interval
        return self._left

    def finish(self, now: float) -> None:
        """Note that a request was answered, or that the server's side ended its connection."""
        self._in_flight -= 1
        self._finished.append(now)

    def give_up(self, now: float) -> None:
        """Note that nobody waits for a request any more, which the server may see yet."""
        self._in_flight -= 1
        self._given_up.append(now + GRACE_SECONDS)
        self._gone.append(now + GRACE_SECONDS)

    def refuse(self, now: float) -> None:
        """Note that a request just finished was refused: the server does not count it."""
        self._refused.append(now)

    def learn(self, announced: Sequence[Announced], asked: float, left: int, now: float) -> None:
        """Learn what an answer says of the quota.

        Args:
            announced: What it says.
            asked: When its request started.
            left: What `start` returned for it.
            now: When it came.
        """
        # More of our own cannot stand in the server's window than started by now, without those
        # that had finished a window before this request started, and those that it refused since.
        # The rest is somebody else's.
        refused = sum(at + self._window > asked for at in self._refused)
        own = self._started - left - refused
        self._grant.learn(announced, asked, own, self._in_flight, now)

    def used(self, now: float) -> float:
        """Return the share of the quota in use, from 0 to 1. Any thread may ask: it only looks."""
        finished = [*self._finished.copy(), *self._gone.copy()]
        in_window = sum(at + self._window > now for at in finished)
        return min(1.0, (self._in_flight + in_window) / self._limit)

    def _let_go(self, now: float) -> None:
        for passed in (self._finished, self._gone):
            while passed and passed[0] + self._window <= now:
                passed.popleft()
                self._left += 1
        while self._given_up and self._given_up[0] <= now:
            self._given_up.popleft()
        while self._refused and self._refused[0] + 2 * self._window <= now:
            self._refused.popleft()

    def _without_place(self, now: float) -> float:
        """Return the seconds for which there is no place in the window."""
        own = self._in_flight + len(self._finished) + len(self._gone)
        granted = self._grant.places(now)
        places = self._limit - self._inheritance.places(now)
        if own < min(granted, places):
            return 0.0
        leaves = [passed[0] + self._window for passed in (self._finished, self._gone) if passed]
        free = min([self._inheritance.eases(now), *leaves])
        if own < places:  # what others are said to use slows, and never stops
            free = min(free, self._grant.until, self._last + self._interval / FLOOR_SHARE)
            if free <= now:
                return 0.0
        return max(_TICK, free - now)
