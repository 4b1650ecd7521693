"""What a ledger holds, in numbers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from connectors.records import REJECTIONS, Batch, DeadLetter, Receipt, Tally


@dataclass
class Counts:
    """Counts of one export's records; `records` were read, the others say what became of them."""

    records: int = 0
    valid: int = 0
    skipped: int = 0
    accepted: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

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

    def add(self, item: Tally | Batch[Receipt] | Batch[DeadLetter]) -> None:
        """Count what became of one batch."""
        if isinstance(item, Tally):
            self.records += item.records
            self.valid += item.valid
            self.skipped += item.skipped
            return
        for one in item:
            if isinstance(one, DeadLetter):
                self.reasons[one.reason] += 1
            elif one.outcome == "duplicate":
                self.duplicates += 1
            else:
                self.accepted += 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as for a snapshot."""
        return {**vars(self), "reasons": dict(self.reasons)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Counts":
        """Take back what `as_dict` gave."""
        return cls(**{**values, "reasons": Counter(values["reasons"])})
