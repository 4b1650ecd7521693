"""What is known of one spot between its first attempt and its end."""

import time
from datetime import datetime, timezone
from functools import lru_cache

from connectors.avstar.answer import Answer
from connectors.avstar.outcome import Verdict
from connectors.records import DeadLetter, Reason, Receipt, Spot
from connectors.trail import Attempt, Trail

Settled = Receipt | DeadLetter

_NEVER_SENT = Answer(None, "never sent")

_REDRIVABLE: frozenset[Reason] = frozenset({"circuit_open", "retries_exhausted"})


class Tries:
    """Attempts at one spot, and what came of the last one.

    `place` is where it stands in its batch. `attempts` counts all requests that held it, those
    answered 401 or 429 included; `failures` those that use up the retries. `trail` tells when all
    that was.
    """

    __slots__ = ("answer", "attempts", "failures", "place", "spot", "trail")

    def __init__(self, spot: Spot, export: str = "", place: int = 0) -> None:
        self.spot = spot
        self.place = place
        self.trail = Trail(spot, export, time.monotonic())
        self.attempts = 0
        self.failures = 0
        self.answer = _NEVER_SENT

    def sends(self, bulk_id: str = "") -> int:
        """Note that a request starts; return the ID of its span."""
        self.attempts += 1
        return self.trail.sends(self.attempts, time.monotonic(), bulk_id)

    def answered(self, answer: Answer, now: float) -> Attempt:
        """Note what came back."""
        self.answer = answer
        return self.trail.answered(answer.status, answer.error, answer.detail, now)

    def settled(self, verdict: Verdict, *, counts: bool, most: int) -> Settled | None:
        """Return what becomes of the spot after its answer; None if it is to be sent again.

        Args:
            verdict: What the answer means.
            counts: Whether a failure uses up an attempt.
            most: Attempts that it has.
        """
        if verdict is Verdict.TRANSIENT:
            self.failures += counts
            return self.dead_letter("retries_exhausted") if self.failures >= most else None
        if verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE):
            return self.receipt(duplicate=verdict is Verdict.DUPLICATE)
        if verdict in (Verdict.THROTTLED, Verdict.UNAUTHORIZED):
            return None
        return self.dead_letter(
            "conflicting_duplicate" if verdict is Verdict.CONFLICT else "rejected"
        )

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
