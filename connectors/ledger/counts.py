"""What a ledger holds, in numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.effort import Effort
from connectors.records import REJECTIONS, DeadLetter, Receipt, Tally

HOLDUPS = ("throttled", "paused_seconds", "breaker_openings", "breaker_seconds")
"""What is noted by the minute, as `Effort` has it."""

MOST_MINUTES = 24 * 60
"""Minutes told apart: they are in every checkpoint."""


@dataclass
class Counts:
    """Counts of one export's records, and of what it took to deliver them.

    `records` were read; those up to `reasons` say what became of them. `attempts` are the requests
    for them, `tried` the spots whose `Effort` is added, and the others its sums. `held_up` are four
    of these by the minute in which they began, in the order of `HOLDUPS`.
    """

    records: int = 0
    valid: int = 0
    skipped: int = 0
    accepted: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    tried: int = 0
    throttled: int = 0
    breaker_openings: int = 0
    paused_seconds: float = 0.0
    breaker_seconds: float = 0.0
    token_renewals: int = 0
    held_up: dict[str, list[float]] = field(default_factory=dict)

    @property
    def dead_lettered(self) -> int:
        """Dead letters of all reasons."""
        return self.reasons.total()

    @property
    def rejected(self) -> int:
        """Dead letters found before anything was sent."""
        return sum(self.reasons[reason] for reason in REJECTIONS)

    @property
    def failed(self) -> int:
        """Dead letters that came of the API."""
        return self.dead_lettered - self.rejected

    @property
    def settled(self) -> int:
        """Records whose fate is known."""
        return self.accepted + self.duplicates + self.dead_lettered + self.skipped

    def is_consistent(self, *, uploaded: bool) -> bool:
        """Tell whether every record read is accounted for, once."""
        sent = self.accepted + self.duplicates + self.failed
        return self.records == self.valid + self.rejected + self.skipped and sent == (
            self.valid if uploaded else 0
        )

    @property
    def parked(self) -> int:
        """Spots that were in flight when the breaker opened."""
        return self.reasons["circuit_open"]

    def add(self, item: Tally | Effort | Iterable[Receipt | DeadLetter]) -> None:
        """Count what became of one batch, or what that took."""
        if isinstance(item, Tally):
            self.records += item.records
            self.valid += item.valid
            self.skipped += item.skipped
        elif isinstance(item, Effort):
            self._add_effort(item)
        else:
            self._add_records(item)

    def mark(self, effort: Effort, minute: str) -> None:
        """Note when delivery was held up: in `minute`, or in the last one if there are too many."""
        values = [float(getattr(effort, name)) for name in HOLDUPS]
        if not any(values):
            return
        if minute not in self.held_up and len(self.held_up) >= MOST_MINUTES:
            minute = next(reversed(self.held_up))
        known = self.held_up.setdefault(minute, [0.0] * len(HOLDUPS))
        self.held_up[minute] = [
            round(one + other, 3) for one, other in zip(known, values, strict=True)
        ]

    def _add_effort(self, effort: Effort) -> None:
        self.tried += effort.spots
        self.throttled += effort.throttled
        self.breaker_openings += effort.breaker_openings
        self.paused_seconds += effort.paused_seconds
        self.breaker_seconds += effort.breaker_seconds
        self.token_renewals += effort.token_renewals

    def _add_records(self, records: Iterable[Receipt | DeadLetter]) -> None:
        for one in records:
            self.attempts += one.attempts
            if isinstance(one, DeadLetter):
                self.reasons[one.reason] += 1
            elif one.outcome == "duplicate":
                self.duplicates += 1
            else:
                self.accepted += 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as for a snapshot."""
        return {**vars(self), "reasons": dict(self.reasons), "held_up": dict(self.held_up)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Counts":
        """Take back what `as_dict` gave; what else stands there is derived of it.

        Raises:
            KeyError: A count is missing.
        """
        kept = {name: values[name] for name in cls.__dataclass_fields__}
        plain = {"reasons": Counter(values["reasons"]), "held_up": dict(values["held_up"])}
        return cls(**{**kept, **plain})
