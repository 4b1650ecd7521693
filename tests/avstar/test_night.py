"""A night of eight hours with the API down, in virtual time: what it costs."""

import asyncio

import pytest

from connectors.avstar.answer import Answer
from connectors.records import Receipt
from tests.avstar.night import HOUR, Api
from tests.avstar.seen import Seen

DOWN = Answer(500, "down for the night")
REFUSED = Answer(None, "connection failed: refused")
THROTTLED = Answer(429, "not tonight", 600.0)


@pytest.mark.parametrize("answer", [DOWN, REFUSED, THROTTLED])
def test_a_night_without_the_api_parks_what_was_in_flight(
    answer, virtually, virtual_delivery, spots
):
    async def night():
        api, seen = Api(lambda _, now, __: answer if 60 <= now < 8 * HOUR else None), Seen()
        one = virtual_delivery(api, watch=seen)
        settled = await one.deliver(spots(1000))
        return settled, api, seen, one.toll, asyncio.get_running_loop().time()

    settled, api, seen, toll, took = virtually(night())

    letters = [one for one in settled if not isinstance(one, Receipt)]
    assert {(one.reason, one.redrivable) for one in letters} <= {("circuit_open", True)}
    assert len(letters) <= 20
    assert len(api.scheduled) == 1000 - len(letters)
    assert sum(one.attempts for one in settled) == api.requests - len(seen.repeated_spots)
    assert len(seen.requests) == api.requests
    pause = max(60.0, answer.retry_after or 0)
    assert toll.breaker_openings == pytest.approx(8 * HOUR / pause, abs=8)
    assert toll.breaker_seconds + toll.paused_seconds == pytest.approx(8 * HOUR, abs=2 * pause)
    assert (toll.throttled > 0) == (answer is THROTTLED)
    assert took < 8 * HOUR + 2 * pause + 100
