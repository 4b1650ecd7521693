"""Whose turn it is to read: of the lanes that one worker has, one at a time."""

from collections import defaultdict
from threading import Lock, get_ident


class Turns:
    """The lanes of this process by worker thread. A worker reads its lanes in their order.

    So it holds the blocks of one lane and not of all, and what airs first is sent first.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, set[int]] = defaultdict(set)
        self._lock = Lock()

    def join(self, lane: int) -> "Turn":
        """Queue a lane behind those of the calling worker thread with a lower number."""
        worker = get_ident()
        with self._lock:
            self._waiting[worker].add(lane)
        return Turn(self, worker, lane)

    def first(self, worker: int) -> int | None:
        """Return the lane whose turn it is at a worker."""
        with self._lock:
            return min(self._waiting[worker], default=None)

    def workers(self) -> int:
        """Return how many workers of this process still have a lane to read."""
        with self._lock:
            return sum(1 for lanes in self._waiting.values() if lanes)

    def remove(self, worker: int, lane: int) -> None:
        """Take a lane out."""
        with self._lock:
            self._waiting[worker].discard(lane)


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

    def leave(self) -> None:
        """Give the turn to the next lane, for good."""
        self._turns.remove(self._worker, self._lane)
