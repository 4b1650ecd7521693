"""What can go wrong, and how often."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from connectors.errors import RefusedError

Fault = Literal["500", "reset", "lost", "slow", "throttle", "expired", "partial"]
"""What strikes a request: `500` an error answer, `reset` a connection cut before the spot is
scheduled, `lost` one cut after it, `slow` a late answer, `throttle` a 429 though the window has
room, `expired` a 401 that calls the token expired, once for each request ID, `partial` a bulk
answer in which the first of every three records failed, and which says nothing of the second,
though it is scheduled; for a single record it is a `500`.
"""

FAULTS: tuple[Fault, ...] = get_args(Fault)

SLOW_SECONDS = 1.0

_ROUNDING = 1e-9
"""Probabilities such as ten times 0.1 add up to a hair more than 1."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each fault strikes; at most one strikes a request.

    `probabilities` add up to at most 1. `slow_seconds` is the delay of a slow answer.
    """

    probabilities: Mapping[Fault, float] = field(default_factory=dict)
    slow_seconds: float = SLOW_SECONDS

    def __post_init__(self) -> None:
        shares = self.probabilities.values()
        if not all(0 <= share <= 1 for share in shares) or math.fsum(shares) > 1 + _ROUNDING:
            raise RefusedError(
                "probabilities of faults must each be 0 to 1, and at most 1 together"
            )
        if not 0 <= self.slow_seconds < math.inf:
            raise RefusedError("seconds of a slow answer must be 0 or more")

    def strike(self, draw: float) -> Fault | None:
        """Return the fault that strikes, or None; `draw` is uniform in [0, 1)."""
        for kind in FAULTS:  # in this order, so a seed means the same however they were given
            share = self.probabilities.get(kind, 0.0)
            if draw < share:
                return kind
            draw -= share
        return None

    @classmethod
    def parse(cls, options: Iterable[str]) -> "Faults":
        """Read faults as the command line gives them: `lost=0.05`, `slow=0.01:3`.

        Raises:
            RefusedError: one of them is no fault.
        """
        return cls.of({kind: share for kind, _, share in (text.partition("=") for text in options)})

    @classmethod
    def of(cls, shares: Mapping[str, object]) -> "Faults":
        """Read faults as JSON gives them: `{"lost": 0.05, "slow": "0.01:3"}`.

        Raises:
            RefusedError: one of them is no fault.
        """
        if unknown := [kind for kind in shares if kind not in FAULTS]:
            raise RefusedError(f"{unknown[0]!r} is no fault; use one of {', '.join(FAULTS)}")
        share, _, seconds = str(shares.get("slow")).partition(":")
        figures = {**shares, "slow": share}
        return cls(
            {kind: _number(kind, figures[kind]) for kind in FAULTS if kind in shares},
            _number("slow", seconds or SLOW_SECONDS),
        )


def _number(kind: Fault, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        form = "slow=0.01:3" if kind == "slow" else f"{kind}=0.05"
        raise RefusedError(f"{value!r} is no probability of {kind}; write {form}") from None
