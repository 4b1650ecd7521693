"""Counts of a run in progress, for whoever shows them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

from typing_extensions import override

from connectors.avstar import Lane, Watch
from connectors.effort import Effort
from connectors.records import Batch, DeadLetter, Export, Reason, Receipt, Tally
from connectors.trail import Attempt, Trail
from dataflows.followed import Followed
from dataflows.forecast import Forecast
from dataflows.histogram import Histogram

_UNAUTHORIZED, _TOO_MANY = 401, 429
_CLASSES = ("2xx", "3xx", "4xx", "5xx", "none")


class Meter(Watch):
    """What this process has settled since it began. Written by the dataflow, read by others.

    Each count has one writer thread, so nothing needs a lock; they may be a moment apart.
    `of_all` tells what all processes of a cluster have settled, where this one is to tell it.
    `forecast` is there while a run is under way, `followed` where a folder is followed. `telemetry`
    tells what of each signal was `sent` or `dropped`. `unanswered` counts the spots, last and in a
    row, that got no good answer; `trouble` is what the last failed attempt had to say. `sending`
    are the lanes while there is something to tell of them but counts.
    """

    def __init__(self) -> None:
        self.total_records = self.total_bytes = self.before = 0
        self._checkpoints: tuple[Path, ...] = ()
        self._validating = False
        self.bytes_read = 0
        self.validated = 0
        self.rejected = 0
        self.skipped = 0
        self.outcomes: Counter[str] = Counter(accepted=0, duplicate=0)
        self.reasons: Counter[str] = Counter(dict.fromkeys(get_args(Reason), 0))
        self.attempts: Counter[str] = Counter(dict.fromkeys(_CLASSES, 0))
        self.retries = self.repetitions = self.throttled = self.refused_tokens = 0
        self.failed = 0
        self.idle_seconds = 0.0
        self.unanswered = 0
        self.trouble = ""
        self.answers = Histogram()
        self.lanes: list[Lane] = []
        self.sending = self.lanes
        self.of_all: Callable[[], int] | None = None
        self.forecast: Forecast | None = None
        self.followed: Followed | None = None
        self.telemetry: Callable[[str], Mapping[str, int]] = lambda _fate: {}

    @property
    def delivered(self) -> int:
        """Spots that Avstar has."""
        return self.outcomes["accepted"] + self.outcomes["duplicate"]

    @property
    def dead_letters(self) -> int:
        """Dead letters so far."""
        return self.rejected + self.failed

    @property
    def done(self) -> int:
        """Records whose fate is known."""
        return self.rejected + self.skipped + self.delivered + self.failed

    @property
    def progress(self) -> int:
        """Records that this run need not come back to."""
        return self.done + (self.validated if self._validating else 0)

    @property
    def in_hand(self) -> int:
        """Spots that are checked and not settled yet."""
        if not self.sending:
            return 0
        # what another process of the cluster checked may be settled here
        return max(0, self.validated - self.delivered - self.failed)

    @property
    def moves(self) -> bool:
        """Tell whether anything was settled that took its time: a spot, or a record of a check."""
        return bool(self.delivered + self.failed) or self._validating

    @property
    def settled_records(self) -> int | None:
        """Records settled, those of earlier runs included; None where another process tells it."""
        settled = self.before + (self.of_all() if self.of_all else self.progress)
        return min(self.total_records, settled) if self.total_records else None

    @property
    def quota_used(self) -> float:
        """The share of the quota in use, of the lane that uses most of its own."""
        return max((lane.quota_used() for lane in self.sending), default=0.0)

    def expect(
        self,
        exports: Sequence[Export],
        before: int,
        checkpoints: Sequence[Path],
        *,
        validating: bool,
    ) -> None:
        """Note what the run has to do.

        Args:
            exports: What it reads; nothing where another process tells that.
            before: The records that earlier runs settled.
            checkpoints: What it writes while it goes on.
            validating: It sends nothing: a record is settled when it is checked.
        """
        self._validating = validating
        self.total_records = sum(export.records for export in exports)
        self.total_bytes = sum(split.end - split.start for one in exports for split in one.splits)
        self.before = before
        self._checkpoints = tuple(checkpoints)

    def rest(self) -> None:
        """Let counts alone stand: the export is done, or not gone on with."""
        self.sending, self._checkpoints = [], ()
        self.total_records = self.total_bytes = 0

    def checkpointed(self) -> float | None:
        """Return when the last checkpoint was written, in seconds since the epoch."""
        times = []
        for path in self._checkpoints:
            with suppress(OSError):
                times.append(path.stat().st_mtime)
        return max(times, default=None)

    def checked(self, _step_id: str, tally: Tally) -> None:
        """Note what validation made of a batch."""
        self.bytes_read += tally.span.end - tally.span.start
        self.validated += tally.valid
        self.skipped += tally.skipped
        self.rejected += tally.records - tally.valid - tally.skipped

    def refused(self, _step_id: str, letters: Batch[DeadLetter]) -> None:
        """Note why validation rejected the records of a batch that it did."""
        self.reasons.update(letter.reason for letter in letters)

    def waited(self, _step_id: str, effort: Effort) -> None:
        """Note how long a batch waited for its last answers."""
        self.idle_seconds += effort.tail_seconds

    @override
    def opened(self, lane: Lane) -> None:
        self.lanes.append(lane)

    @override
    def requested(self, attempt: Attempt, spots: int) -> None:
        status = attempt.status
        self.attempts[f"{status // 100}xx" if status else "none"] += 1
        self.retries += attempt.number > 1
        self.throttled += status == _TOO_MANY
        self.refused_tokens += status == _UNAUTHORIZED
        self.answers.add(attempt.seconds)
        self.trouble = attempt.detail if attempt.error else self.trouble

    @override
    def repeated(self, trail: Trail, attempt: Attempt) -> None:
        self.repetitions += 1

    @override
    def settled(self, trail: Trail, one: Receipt | DeadLetter) -> None:
        again = isinstance(one, DeadLetter) and one.redrivable
        self.unanswered = self.unanswered + 1 if again else 0
        if isinstance(one, DeadLetter):
            self.trouble = one.detail if again else self.trouble
            self.failed += 1
            self.reasons[one.reason] += 1
        else:
            self.outcomes[one.outcome] += 1
