"""The quota shared with others and announced, in virtual time.

The gate and the sandbox's window and headers are the real ones; the network between is not.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timezone
from itertools import count
from random import Random
from typing import NamedTuple

import pytest

from connectors.avstar.announced import read_announced
from connectors.avstar.breaker import Breaker
from connectors.avstar.congestion import Congestion
from connectors.avstar.gate import Gate
from connectors.avstar.limiter import WindowLimiter
from connectors.avstar.rate import Rate
from connectors.avstar.sandbox.announcement import Announcement, announce
from connectors.avstar.sandbox.window import SlidingWindow

CLOCK = datetime(2026, 11, 24, 5, 30, tzinfo=timezone.utc).timestamp()
IN_FLIGHT = 20


class Counts(NamedTuple):
    """Requests a second that were admitted, and refusals; of us and of the others."""

    ours: float
    refused: int
    others: float
    others_refused: int


class Server:
    """A strict sliding window that tells how much of it is left."""

    def __init__(self, rate: Rate, style: Announcement) -> None:
        self._window = SlidingWindow(rate)
        self._style = style
        self.admitted: list[tuple[float, str]] = []
        self.refused: list[tuple[float, str]] = []

    def take(self, who: str) -> tuple[float | None, Mapping[str, str]]:
        """Admit a request or say how long to wait; and what the headers of the answer are."""
        now = asyncio.get_running_loop().time()
        wait = None if self._window.admit(now) else self._window.wait(now)
        (self.admitted if wait is None else self.refused).append((now, who))
        date = {"Date": f"{datetime.fromtimestamp(CLOCK + now, timezone.utc):%a, %d %b %Y %T} GMT"}
        return wait, {**announce(self._style, self._window, now, CLOCK + now), **date}

    def counts(self, since: float, until: float) -> Counts:
        def of(log: list[tuple[float, str]], who: str) -> int:
            return sum(one == who and since <= at < until for at, one in log)

        seconds = until - since
        return Counts(
            of(self.admitted, "we") / seconds,
            of(self.refused, "we"),
            of(self.admitted, "others") / seconds,
            of(self.refused, "others"),
        )


class Lane:
    """We: as many workers as may be in flight, with always something to send."""

    def __init__(self, rate: Rate, server: Server, latency: float, seed: int = 0) -> None:
        clock = asyncio.get_running_loop().time
        limiter = WindowLimiter(rate, IN_FLIGHT, clock() - 3 * rate.seconds)
        self._gate = Gate(limiter, Breaker(1000, 60.0), Congestion(IN_FLIGHT), clock)
        self._server = server
        self._latency = latency
        self._dice = Random(seed)

    async def run(self) -> None:
        await asyncio.gather(*(self._work() for _ in range(IN_FLIGHT)))

    async def _work(self) -> None:
        while admission := await self._gate.enter(None):
            await asyncio.sleep(self._dice.uniform(0, self._latency))
            wait, headers = self._server.take("we")
            await asyncio.sleep(self._dice.uniform(0, self._latency))
            self._gate.leave()
            self._gate.told(admission, read_announced(headers))
            if wait is None:
                self._gate.succeeded(admission)
            else:
                self._gate.throttled(admission, wait)


async def others(server: Server, per_second: float, since: float, until: float) -> None:
    """Somebody else, who sends evenly and cares for nothing."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(since - loop.time())
    for number in count():
        await asyncio.sleep(max(0.0, since + number / per_second - loop.time()))
        if loop.time() >= until:
            return
        server.take("others")


async def simulated(rate: Rate, style: Announcement, theirs: float = 0.0) -> Server:
    """Send for eight windows; the others, if any, from the third to the sixth."""
    server = Server(rate, style)
    work = [Lane(rate, server, rate.seconds / 200).run()]
    if theirs:
        work.append(others(server, theirs, 2 * rate.seconds, 6 * rate.seconds))
    tasks = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(8 * rate.seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return server


RATES = [Rate(600, 60), Rate(100, 10)]
STYLES: list[Announcement] = ["ietf", "x"]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("style", STYLES)
def test_alone_an_announced_quota_is_used_as_one_that_is_not(rate, style, virtually):
    def used(style):
        return virtually(simulated(rate, style)).counts(2 * rate.seconds, 8 * rate.seconds)

    told, untold = used(style), used("none")
    assert told.refused == untold.refused == 0
    assert untold.ours >= 0.98 * rate.per_second
    assert told.ours >= 0.99 * untold.ours


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("style", STYLES)
def test_what_others_use_of_an_announced_quota_is_left_to_them(rate, style, virtually):
    def shared(style):
        server = virtually(simulated(rate, style, theirs=rate.per_second / 2))
        return server.counts(4 * rate.seconds, 6 * rate.seconds)

    told, untold = shared(style), shared("none")
    assert untold.refused > 10
    assert told.refused <= untold.refused / 10
    assert 0.3 * rate.per_second <= told.ours <= 0.55 * rate.per_second


@pytest.mark.parametrize("style", STYLES)
def test_when_the_others_are_gone_the_whole_quota_is_used_again(style, virtually):
    rate = RATES[0]
    server = virtually(simulated(rate, style, theirs=rate.per_second / 2))
    assert server.counts(7 * rate.seconds, 8 * rate.seconds).ours >= 0.9 * rate.per_second
