"""An API that lives in virtual time, for nights that last a moment."""

import asyncio
from collections.abc import Callable, Sequence

from connectors.avstar.answer import Answer
from connectors.records import Spot

HOUR = 3600.0
ACCEPTED, KNOWN, FAILED = Answer(201, ""), Answer(409, "known"), Answer(500, "down")


class Api:
    """Stands in for the network: answers after 50 ms as `fails` says, if it gives an answer.

    `fails` is asked with a spot, the time, and whether the spot is scheduled. `sent` are the
    spots of all requests, of which there were so many; `scheduled` is what it has, by request ID.
    It takes `good_token` alone, if there is one.
    """

    def __init__(self, fails: Callable[[Spot, float, bool], Answer | None]) -> None:
        self.sent: list[Spot] = []
        self.requests = 0
        self.scheduled: dict[str, Spot] = {}
        self.good_token: str | None = None
        self._fails = fails

    async def attempt(self, spots: Sequence[Spot], token: str, named: object) -> Answer:
        assert named
        self.sent += spots
        self.requests += 1
        await asyncio.sleep(0.05)
        if token != (self.good_token or token):
            return Answer(401, "who is there?")
        if len(spots) == 1:
            return self._answer(spots[0])
        return Answer(200, "", each={spot.request_id: self._answer(spot) for spot in spots})

    def _answer(self, spot: Spot) -> Answer:
        known = spot.request_id in self.scheduled
        now = asyncio.get_running_loop().time()
        if (failure := self._fails(spot, now, known)) is not None:
            return failure
        assert self.scheduled.setdefault(spot.request_id, spot) == spot, "other content"
        return KNOWN if known else ACCEPTED

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass
