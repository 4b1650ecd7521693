"""Whose turn it is to read: of the lanes that one worker has, one at a time."""

from collections import defaultdict
from threading import Lock, get_ident


class Turns:
    """The lanes of this process by worker thread; each waits with the export it reads next.

    A worker reads export after export, and the lanes of one in their order. So it holds the
    blocks of one lane and not of all, and what airs first is sent first.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, dict[int, int]] = defaultdict(dict)
        self._lock = Lock()

    def join(self, lane: int, export: int | None) -> "Turn":
        """Queue a lane of the calling worker thread with the index of its export."""
        turn = Turn(self, get_ident(), lane)
        turn.move(export)
        return turn

    def first(self, worker: int) -> int | None:
        """Return the lane whose turn it is at a worker."""
        with self._lock:
            waiting = self._waiting[worker]
            return min(waiting, key=lambda lane: (waiting[lane], lane), default=None)

    def workers(self) -> int:
        """Return how many workers of this process still have a lane to read."""
        with self._lock:
            return sum(1 for lanes in self._waiting.values() if lanes)

    def place(self, worker: int, lane: int, export: int | None) -> None:
        """Let a lane wait with another export; None takes it out."""
        with self._lock:
            self._waiting[worker].pop(lane, None)
            if export is not None:
                self._waiting[worker][lane] = export


class Turn:
    """A lane's place in the queue of its worker."""

    def __init__(self, turns: Turns, worker: int, lane: int) -> None:
        self._turns = turns
        self._worker = worker
        self._lane = lane

    def has_come(self) -> bool:
        """Tell whether this lane may read."""
        return self._turns.first(self._worker) == self._lane

    def workers(self) -> int:
        """Return how many workers share what the process may read at once."""
        return max(1, self._turns.workers())

    def move(self, export: int | None) -> None:
        """Go on with the export of this index; None gives the turn away for good."""
        self._turns.place(self._worker, self._lane, export)
