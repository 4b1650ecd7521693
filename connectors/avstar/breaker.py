"""A circuit breaker: after failures in a row nothing is sent until a probe succeeds."""

from enum import Enum


class State(Enum):
    """Whether requests may be sent."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    PROBING = "probing"


class Breaker:
    """Opens after `failures` bad answers in a row, then lets one probe through every `pause` s.

    A state machine: time is passed in, nothing sleeps. `openings` counts how often it opened, so
    that a spot can tell whether it did between two of its attempts.
    """

    def __init__(self, failures: int, pause: float) -> None:
        self._failures = failures
        self._pause = pause
        self._in_a_row = 0
        self._opened: float | None = None
        self._probing = False
        self.openings = 0

    def state(self, now: float) -> State:
        """Return the state at `now` (seconds)."""
        if self._opened is None:
            return State.CLOSED
        if self._probing:
            return State.PROBING
        return State.HALF_OPEN if self.remaining(now) <= 0 else State.OPEN

    def remaining(self, now: float) -> float:
        """Return the seconds until an open breaker lets a probe through.

        While one is under way, that is the pause which follows if it fails.
        """
        if self._opened is None:
            return 0.0
        return self._pause if self._probing else self._opened + self._pause - now

    def probe(self) -> None:
        """Note that the one probe is under way."""
        self._probing = True

    def succeeded(self) -> bool:
        """Note a good answer; True if it closed the breaker."""
        closed = self._opened is not None
        self._in_a_row, self._opened, self._probing = 0, None, False
        return closed

    def forgive(self, failures: int) -> None:
        """Let so many more bad answers pass before it opens, up to the next good one."""
        self._in_a_row = -failures

    def failed(self, now: float) -> bool:
        """Note a failed or throttled answer; True if it opened the breaker."""
        self._in_a_row += 1
        if not self._probing and (self._opened is not None or self._in_a_row < self._failures):
            return False
        self._opened, self._probing = now, False
        self.openings += 1
        return True
