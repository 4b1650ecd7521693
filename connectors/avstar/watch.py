"""Who looks on while spots are delivered."""

from collections.abc import Sequence
from typing import Protocol

from typing_extensions import override

from connectors.avstar.breaker import State
from connectors.records import DeadLetter, Receipt
from connectors.trail import Attempt, Trail


class Lane(Protocol):
    """A delivery lane as seen from outside, from any thread."""

    @property
    def requests_in_flight(self) -> int:
        """Requests in flight."""

    @property
    def state(self) -> State:
        """The breaker's state."""

    @property
    def openings(self) -> int:
        """How often the breaker has opened."""

    def quota_used(self) -> float:
        """Return the share of the quota in use, from 0 to 1."""

    def pause_left(self) -> float:
        """Return the seconds for which nothing may be sent."""


class Watch:
    """Told of all that a delivery does, on the event loop's thread. This one looks away."""

    def opened(self, lane: Lane) -> None:
        """Learn of a lane that begins to deliver."""

    def keeps(self, trail: Trail) -> bool:  # noqa: ARG002 - for those who look at it
        """Tell, before each attempt, whether the trail will be exported for certain."""
        return False

    def attempted(self, trail: Trail, attempt: Attempt) -> None:
        """Learn what came of a request."""

    def settled(self, trail: Trail, one: Receipt | DeadLetter) -> None:
        """Learn what became of a spot."""

    def left(self, trail: Trail, error: BaseException) -> None:
        """Learn of a spot in hand when the delivery ended before its time."""


class Watches(Watch):
    """Several that look on."""

    def __init__(self, *watches: Watch) -> None:
        self._all: Sequence[Watch] = watches

    @override
    def opened(self, lane: Lane) -> None:
        for watch in self._all:
            watch.opened(lane)

    @override
    def keeps(self, trail: Trail) -> bool:
        return any(watch.keeps(trail) for watch in self._all)

    @override
    def attempted(self, trail: Trail, attempt: Attempt) -> None:
        for watch in self._all:
            watch.attempted(trail, attempt)

    @override
    def settled(self, trail: Trail, one: Receipt | DeadLetter) -> None:
        for watch in self._all:
            watch.settled(trail, one)

    @override
    def left(self, trail: Trail, error: BaseException) -> None:
        for watch in self._all:
            watch.left(trail, error)
