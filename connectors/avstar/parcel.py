"""The spots that go in one request."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from connectors.avstar.answer import Answer
from connectors.avstar.credentials import Lease, Refusals
from connectors.avstar.request import Named
from connectors.avstar.request import bulk_id as bulk_request_id
from connectors.avstar.tries import Tries
from connectors.avstar.watch import Watch
from connectors.records import Spot
from connectors.trail import Attempt, Trail, Why

T = TypeVar("T")


class Parcel:
    """Spots not settled yet that go in one request: one, or as many as a bulk request may hold.

    `lease` is the token last sent; `throttled` and `refusals` (401s in a row, None after another
    answer) count what uses up no attempt. `openings` is the breaker's count at the last admission,
    None before the first. `spots` are what is to be sent.
    """

    lease: Lease
    spots: list[Spot]
    tries: Sequence[Tries]

    __slots__ = ("lease", "openings", "refusals", "spots", "throttled", "tries")

    def __init__(self, tries: Sequence[Tries]) -> None:
        self.keep(tries)
        self.openings: int | None = None
        self.throttled = 0
        self.refusals: Refusals | None = None

    def __len__(self) -> int:
        return len(self.tries)

    @property
    def name(self) -> str:
        """The request ID of the first spot, which chance is drawn from."""
        return self.tries[0].spot.request_id

    @property
    def failures(self) -> int:
        """How often the spot has failed that failed most often."""
        return max([tries.failures for tries in self.tries])

    def keep(self, tries: Sequence[Tries]) -> None:
        """Hold these, and no others."""
        self.tries = tries
        self.spots = [one.spot for one in tries]

    def others(self) -> list["Parcel"]:
        """Keep the first spot alone, which probes for the others; return those, if any."""
        rest = self.tries[1:]
        self.keep(self.tries[:1])
        return [Parcel(rest)] if rest else []

    def divided(self) -> list["Parcel"]:
        """Divide it, to find what in it the API cannot take: one spot, and two halves of the rest.

        The first answer to a spot alone tells whether it is the API that is unwell.
        """
        middle = (len(self) + 1) // 2
        pieces = (self.tries[:1], self.tries[1:middle], self.tries[middle:])
        return [Parcel(piece) for piece in pieces if piece]

    def sends(self, keeps: Callable[[Trail], bool], *, bulk: bool) -> Named:
        """Note that a request starts; return its span: that of a spot that is kept, if any is."""
        bulk_id = bulk_request_id(self.spots) if bulk else ""
        named = self._sends(self.tries[0], keeps, bulk_id)
        for tries in self.tries[1:]:
            other = self._sends(tries, keeps, bulk_id)
            named = other if other.sampled and not named.sampled else named
        return named

    @staticmethod
    def _sends(tries: Tries, keeps: Callable[[Trail], bool], bulk_id: str) -> Named:
        kept = keeps(tries.trail)
        return Named(tries.spot.request_id, tries.sends(bulk_id), kept)

    def answered(self, answer: Answer, watch: Watch) -> None:
        """Note what came back, and tell who looks on: once for the request, then for each spot."""
        now = time.monotonic()
        attempts = [tries.answered(answer.of(tries.spot.request_id), now) for tries in self.tries]
        request = attempts[0]
        if len(attempts) > 1:
            request = request._replace(number=max([attempt.number for attempt in attempts]))
        if answer.each is not None:
            request = request._replace(status=answer.status, error="", detail="")
        watch.requested(request, len(attempts))
        for tries, attempt in zip(self.tries, attempts, strict=True):
            self._tell(watch, tries.trail, attempt)

    def _tell(self, watch: Watch, trail: Trail, attempt: Attempt) -> None:
        watch.attempted(trail, attempt)

    async def waits(self, why: Why | Callable[[float], Why], thing: Awaitable[T]) -> T:
        """Wait for something and note for how long, and why: told, or made of the seconds."""
        began = time.monotonic()
        found = await thing
        now = time.monotonic()
        told = why(now - began) if callable(why) else why
        for tries in self.tries:
            tries.trail.waited(told, began, now)
        return found
