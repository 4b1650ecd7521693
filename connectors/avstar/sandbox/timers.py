"""An event loop whose timers ring when they are due."""

import asyncio
import select
import selectors

from typing_extensions import override

_SELECTABLE = 1024
"""Descriptors from here on `select` cannot wait for."""


def exact_loop() -> asyncio.AbstractEventLoop:
    """Make a loop that sleeps to the microsecond.

    Linux's `epoll_wait` counts milliseconds, and asyncio rounds up: of a latency of 2 ms it made 3
    whenever nothing else happened, so the sooner a client had sent all it may, the slower it was.
    """
    if hasattr(selectors, "EpollSelector"):
        return asyncio.SelectorEventLoop(_Exact())
    return asyncio.new_event_loop()


if hasattr(selectors, "EpollSelector"):

    class _Exact(selectors.EpollSelector):
        @override
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if self.fileno() >= _SELECTABLE:  # made after so many others
                return super().select(timeout)
            ready = super().select(0)
            if ready or timeout == 0:
                return ready
            select.select([self.fileno()], [], [], timeout)  # an epoll can itself be waited for
            return super().select(0)
