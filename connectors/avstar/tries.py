"""What is known of one spot between its first attempt and its end."""

import time
from datetime import datetime, timezone
from functools import lru_cache

from connectors.avstar.answer import Answer
from connectors.avstar.credentials import Lease, Refusals
from connectors.records import DeadLetter, Reason, Receipt, Spot

_REDRIVABLE: frozenset[Reason] = frozenset({"circuit_open", "retries_exhausted"})


class Tries:
    """Attempts at one spot, and what came of the last one.

    `attempts` counts all requests, those answered 401 or 429 included; `failures` those that use
    up the retries, `throttled` and `refusals` (401s in a row) those that do not. `lease` is the
    token last sent. `openings` is the breaker's count at the last admission, None before the
    first.
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
    )

    def __init__(self, spot: Spot) -> None:
        self.spot = spot
        self.attempts = 0
        self.failures = 0
        self.throttled = 0
        self.openings: int | None = None
        self.refusals = Refusals()
        self.answer = Answer(None, "never sent")

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
