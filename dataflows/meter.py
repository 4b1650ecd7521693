"""Counts of a run in progress, for whoever shows them."""

from connectors.effort import Effort
from connectors.records import DeadLetter, Receipt, Tally


class Meter:
    """What this process has settled since it began. Written by the dataflow, read by others.

    Each count has one writer thread, so nothing needs a lock; they may be a moment apart.
    `unanswered` counts the spots, last and in a row, that got no good answer.
    """

    def __init__(self) -> None:
        self.validated = 0
        self.rejected = 0
        self.skipped = 0
        self.delivered = 0
        self.failed = 0
        self.quota_used = 0.0
        self.idle_seconds = 0.0
        self.unanswered = 0

    @property
    def dead_letters(self) -> int:
        """Dead letters so far."""
        return self.rejected + self.failed

    @property
    def done(self) -> int:
        """Records whose fate is known."""
        return self.rejected + self.skipped + self.delivered + self.failed

    def checked(self, _step_id: str, tally: Tally) -> None:
        """Note what validation made of a batch."""
        self.validated += tally.valid
        self.skipped += tally.skipped
        self.rejected += tally.records - tally.valid - tally.skipped

    def waited(self, _step_id: str, effort: Effort) -> None:
        """Note how long a batch waited for its last answers."""
        self.idle_seconds += effort.tail_seconds

    def settled(self, one: Receipt | DeadLetter, quota_used: float) -> None:
        """Note what became of a spot, and the share of the quota in use then."""
        self.quota_used = quota_used
        again = isinstance(one, DeadLetter) and one.redrivable
        self.unanswered = self.unanswered + 1 if again else 0
        if isinstance(one, DeadLetter):
            self.failed += 1
        else:
            self.delivered += 1
