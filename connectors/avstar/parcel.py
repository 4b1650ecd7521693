"""The spots that go in one request."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from connectors.avstar.answer import Answer
from connectors.avstar.credentials import Lease, Refusals
from connectors.avstar.request import Named
from connectors.avstar.tries import Tries
from connectors.avstar.watch import Watch
from connectors.records import Spot
from connectors.trail import Trail, Why

T = TypeVar("T")


class Parcel:
    """Spots not settled yet that go in one request: one, or as many as a bulk request may hold.

    `lease` is the token last sent; `throttled`, `refusals` (401s in a row) and `divisions` count
    what uses up no attempt. `openings` is the breaker's count at the last admission, None before
    the first.
    """

    lease: Lease

    __slots__ = ("divisions", "lease", "openings", "refusals", "throttled", "tries")

    def __init__(
        self, tries: Sequence[Tries], openings: int | None = None, divisions: int = 0
    ) -> None:
        self.tries = tries
        self.openings = openings
        self.divisions = divisions
        self.throttled = 0
        self.refusals = Refusals()

    def __len__(self) -> int:
        return len(self.tries)

    @property
    def spots(self) -> list[Spot]:
        """What is to be sent."""
        return [tries.spot for tries in self.tries]

    @property
    def name(self) -> str:
        """The request ID of the first spot, which chance is drawn from."""
        return self.tries[0].spot.request_id

    @property
    def failures(self) -> int:
        """How often it has failed: the spot that did most often, and what it was part of."""
        return max(1, self.divisions + max([tries.failures for tries in self.tries]))

    def halves(self) -> list["Parcel"]:
        """Divide it, to find what in it the API cannot take."""
        middle = (len(self) + 1) // 2
        halves = (self.tries[:middle], self.tries[middle:])
        return [Parcel(half, self.openings, self.divisions + 1) for half in halves]

    def sends(self, keeps: Callable[[Trail], bool]) -> Named:
        """Note that a request starts; return its span: that of a spot that is kept, if any is."""
        named = None
        for tries in self.tries:
            kept = keeps(tries.trail)
            span = tries.sends()
            if named is None or (kept and not named.sampled):
                named = Named(tries.spot.request_id, span, kept)
        assert named  # noqa: S101 - an empty parcel is never sent
        return named

    def answered(self, answer: Answer, watch: Watch) -> None:
        """Note what came back, and tell who looks on: once for the request, then for each spot."""
        now = time.monotonic()
        attempts = [tries.answered(answer.of(tries.spot.request_id), now) for tries in self.tries]
        whole = attempts[0]
        if answer.each is not None or len(self) > 1:
            number = max([attempt.number for attempt in attempts])
            status, error, detail = answer.status, answer.error, answer.detail
            whole = whole._replace(number=number, status=status, error=error, detail=detail)
        watch.requested(whole, len(self))
        for tries, attempt in zip(self.tries, attempts, strict=True):
            watch.attempted(tries.trail, attempt)

    async def waits(self, why: Why | Callable[[float], Why], thing: Awaitable[T]) -> T:
        """Wait for something and note for how long, and why: told, or made of the seconds."""
        began = time.monotonic()
        found = await thing
        now = time.monotonic()
        told = why(now - began) if callable(why) else why
        for tries in self.tries:
            tries.trail.waited(told, began, now)
        return found
