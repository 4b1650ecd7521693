"""Who looks on while spots are delivered."""

from collections.abc import Callable
from typing import Any, Protocol

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
        """Tell, before each attempt, whether the trail is to be exported."""
        return False

    def requested(self, attempt: Attempt, spots: int) -> None:
        """Learn what came of a request, and how many spots were in it."""

    def attempted(self, trail: Trail, attempt: Attempt) -> None:
        """Learn what came of a request for one of its spots."""

    def repeated(self, trail: Trail, attempt: Attempt) -> None:
        """Learn what came of a request that repeated a delivered spot, to see how the API is."""

    def settled(self, trail: Trail, one: Receipt | DeadLetter) -> None:
        """Learn what became of a spot."""

    def left(self, trail: Trail, error: BaseException) -> None:
        """Learn of a spot in hand when the delivery ended before its time."""


class Watches(Watch):
    """Several that look on; who looks away from something is not told of it.

    What one alone looks at it is told directly: that happens several times a spot.
    """

    def __init__(self, *watches: Watch) -> None:
        self._told: dict[str, list[Callable[..., Any]]] = {
            name: [getattr(one, name) for one in watches if getattr(type(one), name) is not looked]
            for name, looked in vars(Watch).items()
            if callable(looked)
        }
        for name, told in self._told.items():
            if len(told) == 1:
                setattr(self, name, told[0])

    @override
    def opened(self, lane: Lane) -> None:
        for tell in self._told["opened"]:
            tell(lane)

    @override
    def keeps(self, trail: Trail) -> bool:
        kept = False
        for keeps in self._told["keeps"]:  # each is asked
            kept |= keeps(trail)
        return kept

    @override
    def requested(self, attempt: Attempt, spots: int) -> None:
        for tell in self._told["requested"]:
            tell(attempt, spots)

    @override
    def attempted(self, trail: Trail, attempt: Attempt) -> None:
        for tell in self._told["attempted"]:
            tell(trail, attempt)

    @override
    def repeated(self, trail: Trail, attempt: Attempt) -> None:
        for tell in self._told["repeated"]:
            tell(trail, attempt)

    @override
    def settled(self, trail: Trail, one: Receipt | DeadLetter) -> None:
        for tell in self._told["settled"]:
            tell(trail, one)

    @override
    def left(self, trail: Trail, error: BaseException) -> None:
        for tell in self._told["left"]:
            tell(trail, error)
