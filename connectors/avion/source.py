"""A resumable Bytewax source of traffic exports."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from typing_extensions import override

from connectors.avion.cutter import LINE_LIMIT
from connectors.avion.lane import Lane, Position
from connectors.avion.pace import Pace
from connectors.avion.survey import LANES, survey
from connectors.avion.turns import Turn, Turns
from connectors.avion.vigil import Vigil
from connectors.errors import HaltedError
from connectors.records import Batch, Export, Line

BATCH_RECORDS = 5000
BATCH_SECONDS = 5.0

STATE_VERSION = 1
"""Version of a partition's snapshot, which is storage format."""

_AT_ONCE = datetime.fromtimestamp(0, timezone.utc)
"""When a lane wants to be asked again. The engine asks once an epoch at most, so waiting for a turn
costs nothing; and a moment soon to come would be an hour away if the clock were set back by one."""

State = tuple[int, dict[str, Position]]
"""Snapshot of a lane: the version, and its position in each export by what that holds."""


class AvionSource(FixedPartitionedSource[Batch[Line], State]):
    """Reads traffic exports, NDJSON, CSV or JSON arrays, packed or not, in bounded memory.

    Emits batches of consecutive records; flatten them for single `Line`s. Exports are read one
    after another, a large one by all workers, each its lanes in the order of the file. Surveyed
    on first use, so building one does no I/O; pass `Export`s surveyed before to save that. Make a
    new one for each run of a dataflow.

    Parallel: one partition a lane, `LANES` in all, whatever the number of workers; the lanes of
    one worker take turns, so that memory does not grow with them. Delivery:
    at-least-once; with one batch to an epoch (epoch interval 0), what repeats after a crash is
    the last batch of each lane, and after a stop nothing.

    Args:
        exports: Files, or exports surveyed before.
        batch_records: Most records of a batch, for all workers of the process together.
        batch_least: Least records of a batch, if there are as many.
        batch_seconds: Time that a batch should take to pass through the dataflow.
        idle: Asked how many seconds batches have waited so far, all together, whatever their size:
            they become longer, lest that be most of their time.
        line_limit: Bytes that a record may have; a longer one becomes a dead letter.
        stopping: Asked before every batch; True ends the input there, resumably.
        opening: Called with each export before the first lane is built; what it returns is read,
            such as the same with splits that begin where an earlier run got to.
    """

    def __init__(  # noqa: PLR0913 - keyword-only settings
        self,
        *exports: Export | Path | str,
        batch_records: int = BATCH_RECORDS,
        batch_least: int = 1,
        batch_seconds: float = BATCH_SECONDS,
        idle: Callable[[], float] = lambda: 0.0,
        line_limit: int = LINE_LIMIT,
        stopping: Callable[[], bool] = lambda: False,
        opening: Callable[[Export], Export] = lambda export: export,
    ) -> None:
        self._given = exports
        self._pace = partial(Pace, batch_records, batch_seconds, least=batch_least)
        self._idle = idle
        self._line_limit = line_limit
        self._stopping = stopping
        self._opening = opening
        self._surveyed: list[Export] = []
        self._lock = Lock()
        self._turns = Turns()
        self._vigil = Vigil()

    def confirm(self, export: Export) -> None:
        """Return if an export is what it was when it was surveyed.

        Raises:
            HaltedError: It was replaced, edited or removed meanwhile.
        """
        self._vigil.confirm(export)

    @override
    def list_parts(self) -> list[str]:
        return [f"lane-{i}" for i in range(LANES)]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: State | None) -> "_Partition":
        index = int(for_part.removeprefix("lane-"))
        positions = _positions(for_part, resume_state)
        lane = Lane(
            index,
            self._exports(),
            positions,
            line_limit=self._line_limit,
            confirm=self.confirm,
        )
        turn = self._turns.join(index, lane.export)
        return _Partition(lane, self._pace(), turn, self._stopping, self._idle)

    def _exports(self) -> Sequence[Export]:
        with self._lock:  # every worker thread builds partitions of this one source
            if not self._surveyed:
                self._surveyed = [self._opening(self._export(given)) for given in self._given]
            return self._surveyed

    def _export(self, given: Export | Path | str) -> Export:
        if isinstance(given, Export):
            return given
        return survey(Path(given), line_limit=self._line_limit)


def _positions(part: str, state: Any) -> dict[str, Position]:
    if state is None:
        return {}
    if not isinstance(state, tuple) or state[0] != STATE_VERSION:
        raise HaltedError(
            f"the snapshot of {part} was written by another version; finish the export with the "
            "version that began it, or move the state folder away to go on from the ledger"
        )
    return {checksum: Position(*position) for checksum, position in state[1].items()}


class _Partition(StatefulSourcePartition[Batch[Line], State]):
    def __init__(
        self,
        lane: Lane,
        pace: Pace,
        turn: Turn,
        stopping: Callable[[], bool],
        idle: Callable[[], float],
    ) -> None:
        self._lane = lane
        self._pace = pace
        self._turn = turn
        self._stopping = stopping
        self._idle = idle

    @override
    def next_batch(self) -> list[Batch[Line]]:
        if self._stopping() or self._lane.export is None:
            raise StopIteration
        if not self._turn.has_come():
            return []
        fitting = self._pace.batch(time.monotonic(), self._idle())
        count = max(1, fitting // self._turn.workers())
        batch = self._lane.read(count)
        self._turn.move(self._lane.export)
        if batch is None:
            raise StopIteration
        self._pace.took(time.monotonic(), len(batch), self._idle())
        return [batch]

    @override
    def next_awake(self) -> datetime:
        return _AT_ONCE

    @override
    def snapshot(self) -> State:
        return STATE_VERSION, {
            checksum: tuple(position)  # type: ignore[misc]  # plain types only in the store
            for checksum, position in self._lane.positions.items()
        }

    @override
    def close(self) -> None:
        self._turn.move(None)
        self._lane.close()
