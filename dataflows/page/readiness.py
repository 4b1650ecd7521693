"""Whether a process is ready: the API answers, and the quota is known."""

import asyncio
import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from connectors.avstar.inquiry import inquire
from connectors.errors import AvstarError
from dataflows.credentials import token_source
from dataflows.meter import Meter
from dataflows.page.course import Course
from dataflows.settings import Settings

_ASK_SECONDS = 60.0
"""Between two questions while nothing is sent: each may count against the quota."""


class Readiness(NamedTuple):
    """Whether it is ready, and why or why not."""

    ready: bool
    words: str


def of_run(meter: Meter) -> Readiness | None:
    """Tell by what the spots met with; None while none was tried."""
    breaker = any(lane.state.value != "closed" for lane in meter.lanes)
    if breaker or meter.unanswered:
        why = "breaker open" if breaker else "the last spot got no good answer"
        return Readiness(False, f"{why}{f': {meter.trouble}' if meter.trouble else ''}")
    answered = sum(meter.attempts.values()) - meter.attempts["none"]
    return Readiness(True, "the API answers") if answered else None


def ask(settings: Settings) -> Readiness:
    """Ask the API, without sending a spot."""

    async def asked() -> Readiness:
        token = await token_source(settings).fetch()
        found = await inquire(settings.delivery(), token.secret)
        quota = "".join(f", {one.remaining} of {one.limit} left" for one in found.announced)
        return Readiness(found.level == "ok", f"{found.words}; quota {settings.rate}{quota}")

    try:
        return asyncio.run(asked())
    except AvstarError as error:
        return Readiness(False, str(error))


class Knock:
    """Asks the API now and then; between the questions the last answer stands."""

    def __init__(
        self, ask: Callable[[], Readiness], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = Lock()
        self._told_at = float("-inf")
        self._last = Readiness(False, "no answer yet")

    def look(self, course: Course) -> Readiness:
        """Tell whether the process is ready; while it runs the quota is the spots' alone."""
        with self._lock:
            if course.others_send:
                return Readiness(True, "another process sends")
            now, meter = self._clock(), course.meter
            if meter and (found := of_run(meter)):
                self._last, self._told_at = found, now
            elif not meter and now - self._told_at >= _ASK_SECONDS:
                self._last, self._told_at = self._ask(), now
            return self._last
