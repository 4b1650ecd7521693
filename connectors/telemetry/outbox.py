"""A bounded queue to a collector, and the thread that empties it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from connectors.telemetry.settings import Pipe

log = logging.getLogger("opentelemetry.avstar")
"""With the faults of the collector and not with the run's events, which may end up here."""

T = TypeVar("T")

Send = Callable[[Sequence[T]], bool]
"""Sends a batch and tells whether it was taken; may take its time."""

Count = Callable[[str, int], None]
"""Counts what was `sent` or `dropped`."""


class Outbox(Generic[T]):
    """Takes what is to be sent without ever making anybody wait.

    What finds no place is dropped, and so is what the collector does not take: all is counted.
    """

    def __init__(self, name: str, pipe: Pipe, send: Send[T], count: Count) -> None:
        self._pipe = pipe
        self._send = send
        self._count = count
        self._items: deque[T] = deque()
        self._under_way = 0
        self._closing = self._closed = False
        self._settling = threading.Lock()
        self._until: float | None = None
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, *items: T) -> None:
        """Have items sent, all or none."""
        if not self.has_room(len(items)):
            return
        self._items.extend(items)
        if len(self._items) >= self._pipe.batch and not self._wake.is_set():
            self._wake.set()

    def has_room(self, count: int) -> bool:
        """Tell whether so many find a place now; if not, count them as dropped."""
        if self._closing or len(self._items) + count > self._pipe.queue:
            self._count("dropped", count)
            return False
        return True

    def end(self, seconds: float) -> None:
        """Take nothing more, and send what is left for so long at most; do not wait for that."""
        self._until = time.monotonic() + seconds
        self._closing = True
        self._wake.set()

    def close(self, seconds: float) -> None:
        """Wait so long at most for what is left; what then is still there counts as dropped."""
        if self._until is None:
            self.end(seconds)
        self._thread.join(seconds)
        with self._settling:
            self._closed = True
            left = len(self._items) + self._under_way
            self._items.clear()
        if left:
            self._count("dropped", left)

    def _work(self) -> None:
        while not self._closing:
            full = self._wake.wait(self._pipe.delay)
            self._wake.clear()
            self._send_all(self._pipe.batch if full else 1)
        self._send_all(1)  # and what came while it saw that there was nothing left

    def _send_all(self, least: int) -> None:
        """Send batch by batch as long as one has at least so many: each has its price."""
        while len(self._items) >= least and not self._late():
            self._send_batch()

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def _send_batch(self) -> None:
        with self._settling:
            count = min(len(self._items), self._pipe.batch)
            batch = [self._items.popleft() for _ in range(count)]
            self._under_way = count
        taken = self._taken(batch)
        with self._settling:
            if self._closed:  # and all of it is counted
                return
            self._under_way = 0
        self._count("sent" if taken else "dropped", count)

    def _taken(self, batch: Sequence[T]) -> bool:
        try:
            return self._send(batch)
        except Exception:  # whatever is wrong with it: the thread must go on
            log.exception("telemetry")
            return False
