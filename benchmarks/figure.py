"""One figure: ours beside another, measured in turns, told as the median of their ratios."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, round by round.

    `theirs` is of the same rounds as `ours`, and empty where `ours` is told by itself. `at_least`
    and `at_most` are what the ratio is to reach, None where nobody asked for anything. `points`
    are what a growth was fitted to.
    """

    name: str
    against: str
    unit: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    at_least: float | None = None
    at_most: float | None = None
    points: Sequence[Sequence[float]] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median over the rounds of ours by theirs, or of ours alone."""
        if not self.theirs:
            return statistics.median(self.ours)
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(a / b if b else math.inf for a, b in pairs)

    @property
    def target(self) -> str:
        """What it is to reach, in words."""
        least = "" if self.at_least is None else f"≥ {self.at_least:g}"
        most = "" if self.at_most is None else f"≤ {self.at_most:g}"
        return " and ".join(filter(None, (least, most)))

    @property
    def verdict(self) -> str:
        """Whether it reaches that."""
        if not self.target:
            return ""
        low = -float("inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return "yes" if low <= self.ratio <= high else "NO"


def save(path: Path, figures: Sequence[Figure]) -> None:
    """Write figures as JSON, with the ratios for whoever reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(one), "ratio": f"{one.ratio:.6g}", "verdict": one.verdict} for one in figures]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def load(path: Path) -> list[Figure]:
    """Read what `save` wrote."""
    rows = json.loads(path.read_text())
    told = {"ratio", "verdict"}
    return [Figure(**{k: v for k, v in row.items() if k not in told}) for row in rows]
