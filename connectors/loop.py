"""One event loop on a thread of its own, to which blocking code hands its coroutines."""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class EventLoop:
    """An asyncio loop in a daemon thread, started by its first use.

    `asyncio.run` for every batch would close the loop that the HTTP session and its pool live on.
    """

    def __init__(self) -> None:
        self._loop = _new_loop()
        self._loop.set_exception_handler(_log_error)
        threading.Thread(target=self._loop.run_forever, name="avstar-loop", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result; the calling thread waits.

        An interrupted wait cancels the coroutine before the interruption goes on.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def later(self, work: Coroutine[Any, Any, object]) -> None:
        """Have a coroutine run; nobody waits for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop)


def _log_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what no coroutine was there to raise, such as a session that a failed run left open."""
    log.warning("event loop", extra={"detail": context["message"]})


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - optional extra `fast`
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def event_loop() -> EventLoop:
    """Return the process's event loop, starting its thread on the first call."""
    with _beginning:
        return _the_one()


@cache
def _the_one() -> EventLoop:
    return EventLoop()


_beginning = threading.Lock()
"""Worker threads may ask for the first time at once, and a cache alone would give each its own."""
