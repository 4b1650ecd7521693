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
        self._closing = False
        self._until: float | None = None
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, *items: T) -> None:
        """Have items sent, all or none."""
        if self._closing or len(self._items) + len(items) > self._pipe.queue:
            self._count("dropped", len(items))
            return
        self._items.extend(items)
        if len(self._items) >= self._pipe.batch and not self._wake.is_set():
            self._wake.set()

    def close(self, seconds: float) -> None:
        """Send what is left, for so long at most; what then is still there counts as dropped."""
        self._until = time.monotonic() + seconds
        self._closing = True
        self._wake.set()
        self._thread.join(seconds)
        if left := len(self._items) + self._under_way:
            self._items.clear()
            self._count("dropped", left)

    def _work(self) -> None:
        while not self._closing:
            self._wake.wait(self._pipe.delay)
            self._wake.clear()
            while self._items and not self._late():
                self._send_batch()

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def _send_batch(self) -> None:
        count = min(len(self._items), self._pipe.batch)
        batch = [self._items.popleft() for _ in range(count)]
        self._under_way = count
        taken = self._taken(batch)
        if not self._late():  # else `close` has counted them
            self._under_way = 0
            self._count("sent" if taken else "dropped", count)

    def _taken(self, batch: Sequence[T]) -> bool:
        try:
            return self._send(batch)
        except Exception:  # whatever is wrong with it: the thread must go on
            log.exception("telemetry")
            return False
