"""What is known of one spot between its first attempt and its end."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import TypeVar

from connectors.avstar.answer import Answer
from connectors.avstar.credentials import Lease, Refusals
from connectors.avstar.request import Named
from connectors.records import DeadLetter, Reason, Receipt, Spot
from connectors.trail import Attempt, Trail, Why

T = TypeVar("T")

_REDRIVABLE: frozenset[Reason] = frozenset({"circuit_open", "retries_exhausted"})


class Tries:
    """Attempts at one spot, and what came of the last one.

    `attempts` counts all requests, those answered 401 or 429 included; `failures` those that use
    up the retries, `throttled` and `refusals` (401s in a row) those that do not. `lease` is the
    token last sent. `openings` is the breaker's count at the last admission, None before the
    first. `trail` tells when all that was.
    """

    lease: Lease

    __slots__ = (
        "answer",
        "attempts",
        "failures",
        "lease",
        "openings",
        "refusals",
        "spot",
        "throttled",
        "trail",
    )

    def __init__(self, spot: Spot, export: str = "") -> None:
        self.spot = spot
        self.trail = Trail(spot, export, time.monotonic())
        self.attempts = 0
        self.failures = 0
        self.throttled = 0
        self.openings: int | None = None
        self.refusals = Refusals()
        self.answer = Answer(None, "never sent")

    def sends(self, *, sampled: bool) -> Named:
        """Note that a request starts; return the name of its span."""
        self.attempts += 1
        return Named(self.trail.sends(self.attempts, time.monotonic()), sampled)

    def answered(self) -> Attempt:
        """Note that the answer has come."""
        answer, now = self.answer, time.monotonic()
        return self.trail.answered(answer.status, answer.error, answer.detail, now)

    async def waits(self, why: Why | Callable[[float], Why], thing: Awaitable[T]) -> T:
        """Wait for something and note for how long, and why: told, or made of the seconds."""
        began = time.monotonic()
        found = await thing
        now = time.monotonic()
        self.trail.waited(why(now - began) if callable(why) else why, began, now)
        return found

    def receipt(self, *, duplicate: bool) -> Receipt:
        """Make the receipt of a delivered spot."""
        spot = self.spot
        return Receipt(
            spot.line,
            spot.offset,
            spot.spot_id,
            spot.station,
            spot.airtime,
            spot.request_id,
            "duplicate" if duplicate else "accepted",
            self.answer.status or 0,
            self.attempts,
            _utc(time.time_ns() // 1_000_000),
            spot.duration,
            spot.advertiser,
            spot.raw,
            spot.ancestor,
        )

    def dead_letter(self, reason: Reason) -> DeadLetter:
        """Make the dead letter of a spot that was not delivered."""
        spot = self.spot
        return DeadLetter(
            spot.line,
            spot.offset,
            reason,
            self.answer.detail,
            self.answer.status,
            reason in _REDRIVABLE,
            spot.request_id,
            self.attempts,
            spot.raw,
            spot.ancestor,
        )


@lru_cache(1)  # the answers of one millisecond share its name
def _utc(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds")
