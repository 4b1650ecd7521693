"""A night of eight hours with the API down, in virtual time: what it costs."""

import asyncio
from types import SimpleNamespace

import pytest

from connectors.avstar import courier, delivery, drain
from connectors.avstar.answer import Answer
from connectors.avstar.credentials import Credentials
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.records import Receipt

HOUR = 3600.0
RATE = Rate(600, 60)
SETTINGS = AvstarSettings(api_url="http://a", rate=RATE)
DOWN = Answer(500, "down for the night")
REFUSED = Answer(None, "connection failed: refused")
THROTTLED = Answer(429, "not tonight", 600.0)


class Api:
    """Stands in for the network: answers after 50 ms, badly from `down` to `up`."""

    def __init__(self, answer: Answer, down: float, up: float) -> None:
        self.requests = 0
        self._answer, self._down, self._up = answer, down, up

    async def attempt(self, _spot, _token, _named):
        self.requests += 1
        await asyncio.sleep(0.05)
        now = asyncio.get_running_loop().time()
        return self._answer if self._down <= now < self._up else Answer(201, "")

    async def open(self):
        pass

    async def close(self):
        pass


@pytest.fixture
def virtual_delivery(monkeypatch):
    """Make deliveries whose clock is the loop's; who waits for hours is not looked at so often."""
    monkeypatch.setattr(drain, "_LOOK_SECONDS", 60.0)
    monkeypatch.setattr(courier, "time", SimpleNamespace(monotonic=lambda: 0.0))

    def virtual_delivery(api):
        clock = asyncio.get_running_loop().time
        made = delivery.Delivery(SETTINGS, Credentials(StaticToken("t"), SETTINGS, clock))
        made._courier._gate._clock = clock
        made._courier._gate._paused_from = made._courier._gate._paused_until = (
            made._courier._gate._first
        ) = 0.0
        made._courier._client = api
        return made

    return virtual_delivery


@pytest.mark.parametrize("answer", [DOWN, REFUSED, THROTTLED])
def test_a_night_without_the_api_parks_what_was_in_flight(
    answer, virtually, virtual_delivery, spots
):
    async def night():
        api = Api(answer, down=60.0, up=8 * HOUR)
        one = virtual_delivery(api)
        settled = await one.deliver(spots(1000))
        return settled, api.requests, one.toll, asyncio.get_running_loop().time()

    settled, requests, toll, took = virtually(night())

    letters = [one for one in settled if not isinstance(one, Receipt)]
    assert {(one.reason, one.redrivable) for one in letters} <= {("circuit_open", True)}
    assert len(letters) <= 20
    assert sum(one.attempts for one in settled) == requests
    pause = max(60.0, answer.retry_after or 0)
    assert toll.breaker_openings == pytest.approx(8 * HOUR / pause, abs=8)
    assert toll.breaker_seconds + toll.paused_seconds == pytest.approx(8 * HOUR, abs=2 * pause)
    assert (toll.throttled > 0) == (answer is THROTTLED)
    assert took < 8 * HOUR + 2 * pause + 100
