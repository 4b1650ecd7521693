"""What held a lane up, counted while it delivers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.effort import Effort
from connectors.records import Batch, DeadLetter, Receipt
from connectors.trail import Why


@dataclass
class Toll:
    """Counts of one lane since they were last taken; what they mean stands in `Effort`."""

    throttled: int = 0
    breaker_openings: int = 0
    paused_seconds: float = 0.0
    breaker_seconds: float = 0.0
    token_renewals: int = 0
    tail_seconds: float = 0.0

    @property
    def held_up(self) -> tuple[float, float]:
        """Seconds lost to the breaker and to pauses so far."""
        return self.breaker_seconds, self.paused_seconds

    def why(self, before: tuple[float, float], seconds: float) -> Why:
        """Say what a spot mostly waited for that waited for so long, since `held_up` was read."""
        if self.breaker_seconds - before[0] > seconds / 2:
            return "breaker"
        return "throttled" if self.paused_seconds - before[1] > seconds / 2 else "quota"

    def take(self) -> "Toll":
        """Return the counts and begin again at nothing."""
        taken = Toll(**vars(self))
        vars(self).update(vars(Toll()))
        return taken


def efforts(batches: Sequence[Batch[Receipt | DeadLetter]], toll: Toll) -> Iterator[Effort]:
    """Say what each of the batches took that a lane settled together.

    The toll goes to the first batch with spots of each export, so that an export's batches add up
    to what held it up.
    """
    free: set[str] = set()
    for batch in batches:
        borne = toll if batch and batch.span.export not in free else Toll()
        if batch:
            free.add(batch.span.export)
        yield Effort(
            batch.span,
            spots=len(batch),
            attempts=sum(one.attempts for one in batch),
            parked=sum(
                isinstance(one, DeadLetter) and one.reason == "circuit_open" for one in batch
            ),
            **vars(borne),
        )
