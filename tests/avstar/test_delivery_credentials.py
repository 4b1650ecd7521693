"""Tokens that run out or are refused while spots are delivered, against real servers."""

import asyncio
import logging
import time
from collections import Counter

import pytest
from aiohttp import web

from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.oauth import OAuthToken
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken, Token, TokenUnavailableError
from connectors.errors import HaltedError, StoppedError


@pytest.fixture
async def new_delivery():
    """Make deliveries to a URL; they are closed with the test."""
    made = []

    def new_delivery(url, source=None, *, credentials=None, stopping=None, **settings):
        usual = {"rate": Rate(100_000, 1), "backoff_base": 0.001, "backoff_max": 0.005}
        patience = AvstarSettings(api_url=url, **{**usual, **settings})
        source = source or OAuthToken(f"{url}/oauth/token", "sandbox", "sandbox", settings=patience)
        credentials = credentials or Credentials(source, patience)
        stopping = stopping or (lambda: False)
        made.append(Delivery(patience, credentials, stopping=stopping))
        return made[-1]

    yield new_delivery
    for one in made:
        await one.close()


class Issuer:
    """Issues `t1`, `t2` and so on, each after `seconds`, and counts."""

    def __init__(self, seconds=0.0, lifetime=None):
        self.issued = 0
        self.seconds = seconds
        self.lifetime = lifetime

    async def fetch(self):
        await asyncio.sleep(self.seconds)
        self.issued += 1
        return Token(f"t{self.issued}", self.lifetime)


class Api:
    """Answers each request by what `judge` says of its spot and token, and keeps them."""

    def __init__(self, judge):
        self._judge = judge
        self.requests = []

    async def answer(self, request):
        token = request.headers["Authorization"].removeprefix("Bearer ")
        spot_id = (await request.json())["spot_id"]
        self.requests.append((spot_id, token))
        return web.Response(status=await self._judge(spot_id, token))


async def test_tokens_are_renewed_before_they_run_out(serve, new_delivery, spots):
    async def judge(*_):
        return 201

    api = Api(judge)
    delivery = new_delivery(await serve(api.answer), Issuer(lifetime=0.2), rate=Rate(50, 1))

    settled = await delivery.deliver(spots(50))

    assert {(one.outcome, one.attempts) for one in settled} == {("accepted", 1)}
    assert len({token for _, token in api.requests}) >= 3


async def test_tokens_that_live_a_second_last_a_whole_night(sandbox, new_delivery, spots):
    api = await sandbox(rate=Rate(100_000, 1), token="none-of-ours", token_seconds=1)
    delivery = new_delivery(api.url, rate=Rate(20, 1), max_attempts=1)

    settled = await delivery.deliver(spots(60))

    stats = await api.stats()
    assert {one.outcome for one in settled} == {"accepted"}
    assert sum(one.attempts for one in settled) == stats["requests"]
    assert stats["tokens_issued"] >= 3


async def test_a_401_uses_up_no_retry_and_does_not_open_the_breaker(serve, new_delivery, spots):
    async def judge(_, token):
        return 401 if token == "t1" else 201

    api = Api(judge)
    delivery = new_delivery(
        await serve(api.answer), Issuer(), max_attempts=1, breaker_failures=1, concurrency=4
    )

    settled = await delivery.deliver(spots(8))

    assert [(one.outcome, one.attempts) for one in settled] == [
        *[("accepted", 2)] * 4,  # `attempts` are requests, as the API counts them
        *[("accepted", 1)] * 4,
    ]


async def test_a_401_between_failures_does_not_give_the_retries_back(serve, new_delivery, spot):
    answers = iter([500, 401, 500, 401, 500])

    async def judge(*_):
        return next(answers)

    (letter,) = await new_delivery(
        await serve(Api(judge).answer), Issuer(), max_attempts=3
    ).deliver([spot])

    assert (letter.reason, letter.attempts) == ("retries_exhausted", 5)


async def test_an_endpoint_that_is_down_for_a_while_costs_no_spot_and_no_attempt(
    sandbox, new_delivery, spots, caplog
):
    caplog.set_level(logging.WARNING)
    api = await sandbox(rate=Rate(100_000, 1), token="none-of-ours", token_seconds=1)
    delivery = new_delivery(
        api.url, rate=Rate(20, 1), backoff_base=0.1, backoff_max=0.1, max_attempts=1
    )
    await delivery.deliver(spots(1))
    await api.set_oauth_faults({"500": 0.5, "reset": 0.5})
    asyncio.get_running_loop().call_later(
        1.5, lambda: asyncio.ensure_future(api.set_oauth_faults({}))
    )

    settled = await delivery.deliver(spots(41)[1:])

    stats = await api.stats()
    assert {one.outcome for one in settled} == {"accepted"}
    assert stats["token_requests"] > stats["tokens_issued"]
    assert "no token" in caplog.text


async def test_an_endpoint_that_refuses_the_client_in_the_night_halts(sandbox, new_delivery, spots):
    api = await sandbox(rate=Rate(100_000, 1), token="none-of-ours", token_seconds=1)
    delivery = new_delivery(api.url, rate=Rate(20, 1))
    await delivery.deliver(spots(1))
    await api.set_oauth_faults({"expired": 1})

    with pytest.raises(HaltedError, match="invalid_client"):
        await delivery.deliver(spots(60))


async def test_a_token_that_another_request_had_renewed_is_sent_without_a_fetch(
    serve, new_delivery, spots
):
    """The second spot is refused late, when the first has long had the token renewed."""

    async def judge(spot_id, token):
        if spot_id == "SP2" and token == "t1":
            await asyncio.sleep(0.2)
        return 401 if token == "t1" else 201

    api, issuer = Api(judge), Issuer()

    settled = await new_delivery(await serve(api.answer), issuer).deliver(spots(2))

    assert [one.attempts for one in settled] == [2, 2]
    assert issuer.issued == 2


async def test_a_new_token_that_a_lagging_server_refuses_gets_another_chance(
    serve, new_delivery, spots
):
    """The renewal was under way when the second spot was refused: it says nothing of that."""
    lagging = True

    async def judge(spot_id, token):
        nonlocal lagging
        if spot_id == "SP2" and token == "t1":
            await asyncio.sleep(0.1)
        if spot_id == "SP2" and token == "t2" and lagging:
            lagging = False
            return 401
        return 401 if token == "t1" else 201

    api, issuer = Api(judge), Issuer(seconds=0.2)

    settled = await new_delivery(await serve(api.answer), issuer).deliver(spots(2))

    assert [(one.outcome, one.attempts) for one in settled] == [("accepted", 2), ("accepted", 3)]
    assert [token for spot_id, token in api.requests if spot_id == "SP2"] == ["t1", "t2", "t3"]


@pytest.mark.parametrize("count", [1, 20])
async def test_a_token_fetched_after_the_refusal_and_refused_itself_halts(
    serve, new_delivery, spots, count
):
    async def judge(*_):
        return 401

    api, issuer = Api(judge), Issuer()

    with pytest.raises(HaltedError, match=r"answered 401.*check the token"):
        await new_delivery(await serve(api.answer), issuer).deliver(spots(count))
    assert 2 <= issuer.issued <= 1 + count
    assert max(Counter(api.requests).values()) == 1, "a spot was sent twice with one token"


async def test_refusals_without_end_halt_even_if_each_token_was_replaced_before(
    serve, new_delivery, spots
):
    async def judge(*_):
        await asyncio.sleep(0.02)
        return 401

    class Hasty(Issuer):
        """Its tokens are replaced while requests with them are under way."""

        async def fetch(self):
            token = await super().fetch()
            asyncio.get_running_loop().call_later(0.01, self.replace)
            return token

        def replace(self):
            credentials._lease = None

    api, source = Api(judge), Hasty()
    url = await serve(api.answer)
    credentials = Credentials(source, AvstarSettings(api_url=url))

    with pytest.raises(HaltedError, match="answered 401"):
        await new_delivery(url, credentials=credentials).deliver(spots(1))
    assert len(api.requests) == 11


class Absent:
    """Has no token for a long time."""

    async def fetch(self):
        raise TokenUnavailableError("the endpoint restarts", 600)


async def test_asked_to_stop_while_there_is_no_token_it_leaves_at_once(serve, new_delivery, spots):
    async def judge(*_):
        raise AssertionError

    api, began = Api(judge), time.monotonic()
    delivery = new_delivery(await serve(api.answer), Absent(), stopping=lambda: True)

    with pytest.raises(StoppedError, match=r"during a pause of (599|600) s"):
        await delivery.deliver(spots(30))
    assert time.monotonic() - began < 5
    assert api.requests == []


async def test_who_waits_for_a_token_waits_before_the_gate(serve, new_delivery, spots, monkeypatch):
    async def judge(*_):
        return 201

    issuer = Issuer(seconds=0.2)
    delivery = new_delivery(await serve(Api(judge).answer), issuer)
    enter, issued = delivery._courier._gate.enter, []

    async def watched(tried_at):
        issued.append(issuer.issued)
        return await enter(tried_at)

    monkeypatch.setattr(delivery._courier._gate, "enter", watched)
    await delivery.deliver(spots(20))

    assert issued == [1] * 20


async def test_deliveries_with_the_same_credentials_share_the_token_and_its_renewal(
    serve, new_delivery, spots
):
    async def judge(_, token):
        return 401 if token == "t1" else 201

    issuer = Issuer(seconds=0.01)
    url = await serve(Api(judge).answer)
    shared = Credentials(issuer, AvstarSettings(api_url=url))
    lanes = [new_delivery(url, credentials=shared) for _ in range(3)]
    many = spots(30)

    await asyncio.gather(*(lane.deliver(many[i::3]) for i, lane in enumerate(lanes)))

    assert issuer.issued == 2


async def test_a_static_token_that_is_refused_for_a_moment_is_sent_once_more(
    serve, new_delivery, spot
):
    answers = iter([401, 201])

    async def judge(*_):
        return next(answers)

    (receipt,) = await new_delivery(await serve(Api(judge).answer), StaticToken("s3cret")).deliver(
        [spot]
    )

    assert (receipt.outcome, receipt.attempts) == ("accepted", 2)
