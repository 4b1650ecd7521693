"""The quota as the API keeps it: a strict sliding window."""

from collections import deque

from connectors.avstar.rate import Rate


class SlidingWindow:
    """Admits a request only if fewer than the quota were admitted in the window before it.

    It logs every admission, so no burst across a boundary passes, as one would with counters per
    minute. A refused request leaves no trace. `now` is in seconds of a monotonic clock throughout.
    """

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._admitted: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Take one place in the window, if there is one."""
        if not self.remaining(now):
            return False
        self._admitted.append(now)
        return True

    def remaining(self, now: float) -> int:
        """Count the requests that would be admitted at this moment."""
        while self._admitted and self._admitted[0] < now - self.rate.seconds:
            self._admitted.popleft()
        return self.rate.requests - len(self._admitted)

    def wait(self, now: float) -> float:
        """Return the seconds until there is a place; 0 if there is one."""
        return 0.0 if self.remaining(now) else self.reset(now)

    def reset(self, now: float) -> float:
        """Return the seconds until the next place comes back; 0 if none is taken."""
        if self.remaining(now) == self.rate.requests:
            return 0.0
        return self._admitted[0] + self.rate.seconds - now
