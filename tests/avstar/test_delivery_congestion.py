"""In-flight requests against real servers that reset connections, in clusters and at random."""

import asyncio
import logging
from random import Random

import pytest
from aiohttp import web

from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.rate import Rate
from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.records import Receipt

CONCURRENCY = 20
TURNS = 40
"""Latency in turns of the event loop, which client and server share, whatever the machine does."""


class Troubled:
    """An API that resets the connection wherever `troubled` says so, and counts what it sees."""

    def __init__(self, troubled):
        self.troubled = troubled
        self.requests = 0
        self.resets = 0
        self.under_way = 0
        self.seen = []
        """For each request how many were under way with it."""

    async def answer(self, request):
        self.requests += 1
        self.under_way += 1
        self.seen.append(self.under_way)
        troubled = self.troubled(self)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.under_way -= 1
        if troubled:
            self.resets += 1
            return disconnect(request)
        return web.Response(status=201)


@pytest.fixture
async def deliver(serve, caplog):
    """Deliver spots to a troubled API, all of them; what the audit log says is in `caplog`."""
    caplog.set_level(logging.WARNING, "connectors.avstar.gate")
    deliveries = []

    async def deliver(api, spots):
        settings = AvstarSettings(
            api_url=await serve(api.answer),
            rate=Rate(1_000_000, 1),
            concurrency=CONCURRENCY,
            backoff_base=0,
            backoff_max=0,
            max_attempts=1000,
            breaker_failures=10_000,
        )
        credentials = Credentials(StaticToken("t"), settings)
        deliveries.append(Delivery(settings, credentials))
        settled = await asyncio.wait_for(deliveries[-1].deliver(spots), 120)
        assert all(isinstance(one, Receipt) for one in settled)
        return [(record.message, record.limit) for record in caplog.records]

    yield deliver
    for delivery in deliveries:
        await delivery.close()


async def test_a_cluster_of_resets_halves_what_is_in_flight_and_it_climbs_back(deliver, spots):
    api = Troubled(lambda api: 100 < api.requests <= 130)

    told = await deliver(api, spots(1000))

    assert told == [("in-flight limit lowered", 10), ("in-flight limit restored", 20)]
    assert api.resets == 30
    assert max(api.seen[:100]) == CONCURRENCY
    fallen = api.seen[160:220]  # the twenty under way at the fall are answered
    assert 8 <= max(fallen) <= 16
    assert max(api.seen[600:]) > 16


async def test_a_server_that_bears_eight_at_once_is_hardly_asked_for_more(deliver, spots):
    api = Troubled(lambda api: api.under_way > 8)

    told = await deliver(api, spots(800))

    assert ("in-flight limit lowered", 10) in told
    assert max(api.seen[200:]) < CONCURRENCY
    assert api.resets < 0.35 * api.requests, "at 20 in flight it would be 60 %"


async def test_resets_at_random_leave_what_is_in_flight_alone(deliver, spots):
    chance = Random(1)
    api = Troubled(lambda _: chance.random() < 0.15)

    assert await deliver(api, spots(1000)) == []
    assert api.resets > 100
    assert max(api.seen[-200:]) > 15


async def test_errors_that_the_api_itself_answers_are_no_connection_trouble(serve, deliver, spots):
    class Failing(Troubled):
        async def answer(self, request):
            answer = await super().answer(request)
            return web.Response(status=500) if self.requests < 200 else answer

    assert await deliver(Failing(lambda _: False), spots(400)) == []


async def test_after_a_time_of_nothing_but_resets_one_is_in_flight_and_then_all_again(
    deliver, spots
):
    api = Troubled(lambda api: api.requests <= 150)

    told = await deliver(api, spots(1000))

    assert [limit for _, limit in told] == [10, 5, 2, 1, 20]
    assert api.seen[145] == 1
    assert max(api.seen[-200:]) > 15
