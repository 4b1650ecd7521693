"""Work that ends early when it is asked to stop and cannot be finished in time."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from connectors.errors import StoppedError

_LOOK_SECONDS = 0.2
"""How often it is looked whether to stop."""

_LONG_PAUSE_SECONDS = 1.0
"""A pause that a stop does not wait for: nothing moves in it."""


class Drain:
    """Runs coroutines together to their end.

    Args:
        stopping: Tells whether to stop.
        seconds: Time that is left to the work once it is asked to stop.
        pause_left: Tells for how many seconds the work will stand still.
    """

    def __init__(
        self, stopping: Callable[[], bool], seconds: float, pause_left: Callable[[], float]
    ) -> None:
        self._stopping = stopping
        self._seconds = seconds
        self._pause_left = pause_left

    async def run(self, work: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Run all work to its end; the first error cancels the rest.

        Raises:
            StoppedError: It was asked to stop and the work could not be finished in time.
        """
        tasks = [asyncio.create_task(one) for one in work]
        try:
            await self._finish(set(tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _finish(self, pending: set["asyncio.Task[None]"]) -> None:
        deadline = None
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_EXCEPTION
            )
            if errors := [error for task in done if (error := task.exception())]:
                raise errors[0]
            if pending and self._stopping():
                deadline = deadline or time.monotonic() + self._seconds
                self._leave_if_due(deadline)

    def _leave_if_due(self, deadline: float) -> None:
        pause = self._pause_left()
        if pause > _LONG_PAUSE_SECONDS:
            raise StoppedError(f"stopped during a pause of {pause:.0f} s more; run again to resume")
        if time.monotonic() >= deadline:
            raise StoppedError(
                f"stopped: the batch in hand took longer than {self._seconds:g} s; "
                "run again to resume"
            )
