"""What requests of the processes before may still take of the quota."""

from math import floor, inf

from connectors.avstar.rate import Rate


class Inheritance:
    """Places in the window that a new process must leave to the ones before it.

    Nothing is known of them but that they kept these rules, and that all of them had ended when
    this one `began`. So they started requests no faster than `rate`, with at most `burst` on top;
    at most `unseen` of their requests were still on their way when they ended, and none of these
    is later than `grace` seconds.

    Nobody starts anything within `grace` of its beginning: so no two processes ever have requests
    on their way at one time, however many end one after the other.
    """

    def __init__(  # noqa: PLR0913 - the figures of the argument
        self, rate: Rate, window: float, *, burst: int, unseen: int, grace: float, began: float
    ) -> None:
        self._limit = rate.requests
        self._interval = rate.seconds / rate.requests
        self._window = window
        self._burst = burst
        self._unseen = unseen
        self._grace = grace
        self._began = began

    def places(self, now: float) -> int:
        """Count the places to leave at `now` (seconds)."""
        age = now - self._began
        if age > self._window + self._grace:
            return 0
        if age < self._grace:
            return self._limit
        if age > self._window:
            return min(self._limit, self._unseen)
        started = 1 + self._burst + floor((self._window - age) / self._interval)
        return min(self._limit, self._unseen + started)

    def eases(self, now: float) -> float:
        """Return the time after which there are fewer places to leave; infinity if there are none.

        While all places are left it is the time after which that ends.
        """
        age = now - self._began
        if age < self._grace:
            return self._began + self._grace
        if age > self._window + self._grace:
            return inf
        steps = self.places(now) - self._unseen - self._burst - 1
        if age <= self._window and self._limit > self._unseen:
            return self._began + self._window - max(0, steps) * self._interval
        return self._began + self._window + self._grace
