"""Batches sized as the source sizes them, and delivered, in virtual time: how much of the quota."""

import asyncio
from random import Random
from types import SimpleNamespace

import pytest

from connectors.avion.pace import Pace
from connectors.avstar import courier, delivery, drain
from connectors.avstar.answer import Answer
from connectors.avstar.credentials import Credentials
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.errors import StoppedError

QUOTA = Rate(600, 60)
SETTLED = 3000
LATENCIES = {
    "0.2 s": lambda _: 0.2,
    "1 s": lambda _: 1.0,
    "5.5 s": lambda _: 5.5,
    "up to 10 s": lambda dice: dice.uniform(0, 10),
    "6 s for one in a hundred": lambda dice: 6.0 if dice.random() < 0.01 else 0.05,
}


class Api:
    """Stands in for the network: accepts after a while."""

    def __init__(self, latency):
        self.requests = 0
        self._latency, self._dice = latency, Random(1)

    async def attempt(self, _spot, _token, _named):
        self.requests += 1
        await asyncio.sleep(self._latency(self._dice))
        return Answer(201, "")

    async def open(self):
        pass

    async def close(self):
        pass


@pytest.fixture
def new_delivery(monkeypatch):
    """Make deliveries whose clock is the loop's, new as after a start."""

    def new_delivery(api, stopping=lambda: False):
        clock = asyncio.get_running_loop().time
        monkeypatch.setattr(courier, "time", SimpleNamespace(monotonic=clock))
        monkeypatch.setattr(drain, "time", SimpleNamespace(monotonic=clock))
        settings = AvstarSettings(api_url="http://a", rate=QUOTA, concurrency=100)
        credentials = Credentials(StaticToken("t"), settings, clock)
        made = delivery.Delivery(settings, credentials, stopping=stopping)
        made._courier._gate._clock = clock
        made._courier._gate._paused_from = made._courier._gate._paused_until = (
            made._courier._gate._first
        ) = 0.0
        made._courier._client = api
        return made

    return new_delivery


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_slow_api_gets_nearly_all_that_its_quota_admits(virtually, new_delivery, spots, latency):
    """Of the window a latency is lost by its very rule; of the batches, one part in seven."""

    async def night():
        one, pace = new_delivery(Api(LATENCIES[latency])), Pace(5000, 5.0, least=50)
        clock, idle, seen = asyncio.get_running_loop().time, 0.0, []
        done = 0
        while done < SETTLED:
            count = pace.batch(clock(), idle)
            pace.took(clock(), count, idle)
            done += len(await one.deliver(spots(count)))
            idle += one.toll.take().tail_seconds
            seen.append((clock(), done))
        began, before = next(step for step in seen if step[0] > 150)
        return (done - before) / (clock() - began)

    assert virtually(night()) >= 0.82 * QUOTA.per_second


def test_asked_to_stop_before_anything_was_sent_it_leaves_at_once(virtually, new_delivery, spots):
    """A new process waits for what the one before may have sent; a stop waits for no such thing."""

    async def start():
        api, clock = Api(lambda _: 0.1), asyncio.get_running_loop().time
        with pytest.raises(StoppedError, match="run again to resume"):
            await new_delivery(api, lambda: clock() > 4).deliver(spots(100))
        return api.requests, clock()

    requests, took = virtually(start())
    assert requests == 0
    assert took < 5
