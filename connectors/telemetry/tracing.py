"""Which spots are traced, and what is sent of them when."""

import time

from typing_extensions import override

from connectors.avstar import Watch
from connectors.records import Batch, DeadLetter, Receipt
from connectors.telemetry.outbox import Outbox
from connectors.telemetry.sampling import Samples
from connectors.telemetry.slowness import Slowness
from connectors.telemetry.spans import Spans, outcome_of
from connectors.trail import Attempt, Trail, Wait


class Tracing(Watch):
    """Sends the traces of some good spots, as the sampler says, and of all others.

    All others are those that failed, were sent again or were slow. A good spot that is not traced
    costs a look at its ID. What is tried again is sent step by step, so that a crash leaves the
    attempts before it in the trace.
    """

    def __init__(self, spans: Spans, samples: Samples, outbox: Outbox[bytes]) -> None:
        self._spans = spans
        self._samples = samples
        self._outbox = outbox
        self._slowness = Slowness()

    @override
    def keeps(self, trail: Trail) -> bool:
        if trail.steps and trail.last is not None:
            trail.kept = True
            self._send_steps(trail)
        elif not trail.kept:
            trail.kept = self._samples(trail.spot.request_id)
        return trail.kept

    @override
    def attempted(self, trail: Trail, attempt: Attempt) -> None:
        if self._slowness.is_slow(attempt.ended - attempt.began):
            trail.kept = True

    @override
    def repeated(self, trail: Trail, attempt: Attempt) -> None:
        if trail.kept:  # else its parent, the spot's span, was not sent
            self._send_steps(trail)

    @override
    def settled(self, trail: Trail, one: Receipt | DeadLetter) -> None:
        if trail.kept or isinstance(one, DeadLetter):
            self._end(trail, *outcome_of(one))

    @override
    def left(self, trail: Trail, error: BaseException) -> None:
        trail.abandon(time.monotonic())
        if trail.kept or trail.last:
            self._end(trail, "left", str(error) or "the run ended; the next one sends it again")

    def rejected(self, _step_id: str, letters: Batch[DeadLetter]) -> None:
        """Send a short trace of every record that validation rejected."""
        for letter in letters:
            if self._outbox.has_room(1):
                self._outbox.put(self._spans.rejected(letters.span, letter))

    def _send_steps(self, trail: Trail) -> None:
        steps = self._untold(trail)
        if self._outbox.has_room(len(steps)):
            self._outbox.put(*self._spans.steps(trail, steps))

    def _end(self, trail: Trail, outcome: str, detail: str) -> None:
        steps = self._untold(trail)
        if self._outbox.has_room(len(steps) + 1):
            spot = self._spans.spot(trail, outcome, detail, time.monotonic())
            self._outbox.put(*self._spans.steps(trail, steps), spot)

    def _untold(self, trail: Trail) -> list[Wait | Attempt]:
        told, trail.told = trail.told, len(trail.steps)
        return trail.steps[told:]
