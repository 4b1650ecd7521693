"""Many spots in one request: each has its own fate, and what one bad spot costs is one spot."""

import asyncio
import logging
from collections import Counter

import pytest
from aiohttp import web

from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.rate import Rate
from connectors.avstar.sandbox import Faults
from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken, Token
from connectors.errors import HaltedError, StoppedError
from connectors.records import Receipt
from tests.avstar.seen import Seen

PLENTY = Rate(10_000, 0.01)
TENS = {
    "rate": PLENTY,
    "records_per_request": 10,
    "backoff_base": 0.001,
    "backoff_max": 0.005,
    "max_attempts": 100,
    "breaker_failures": 10_000,
}


@pytest.fixture
async def new_delivery():
    """Make deliveries of up to ten spots in a request; they are closed with the test."""
    made = []

    def new_delivery(url, *, token=None, watch=None, stopping=lambda: False, **settings):
        patience = AvstarSettings(api_url=url, **{**TENS, **settings})
        credentials = Credentials(token or StaticToken("sandbox"), patience)
        made.append(Delivery(patience, credentials, watch=watch, stopping=stopping))
        return made[-1]

    yield new_delivery
    for one in made:
        await one.close()


def outcomes(settled):
    return Counter(one.outcome if isinstance(one, Receipt) else one.reason for one in settled)


class Poisoned:
    """An API that cannot take some spots: `fails` is what it does to a request with one of them."""

    def __init__(self, fails, *spots):
        self.fails = fails
        self.poison = {spot.request_id for spot in spots}
        self.sizes = []

    async def answer(self, request):
        ids = [record["request_id"] for record in await request.json()]
        self.sizes.append(len(ids))
        if self.poison.intersection(ids):
            return await self.fails(request)
        return web.json_response([{"request_id": one, "status": 201} for one in ids])


def answers(status):
    async def answer(_request):
        return web.Response(status=status, text="no")

    return answer


async def reset(request):
    return disconnect(request)


async def hang(_request):
    await asyncio.sleep(60)


async def test_every_spot_gets_its_receipt_in_the_order_given_for_a_tenth_of_the_requests(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY), spots(95)

    settled = await new_delivery(api.url).deliver(many)

    assert [one.request_id for one in settled] == [spot.request_id for spot in many]
    assert all((one.outcome, one.status, one.attempts) == ("accepted", 201, 1) for one in settled)
    assert await api.scheduled() == sorted(spot.spot_id for spot in many)
    stats = await api.stats()
    assert (stats["requests"], stats["bulk_requests"], stats["accepted"]) == (10, 10, 95)


async def test_no_spots_are_settled_at_once(new_delivery):
    assert await new_delivery("http://localhost:1").deliver([]) == []


async def test_a_refused_spot_is_a_dead_letter_and_those_beside_it_are_delivered(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY), spots(10)
    many[3] = many[3]._replace(duration=2**31)

    settled = await new_delivery(api.url).deliver(many)

    assert outcomes(settled) == {"accepted": 9, "rejected": 1}
    letter = settled[3]
    assert (letter.reason, letter.status, letter.attempts) == ("rejected", 422, 1)
    assert "duration_sec" in letter.detail
    assert (await api.stats())["requests"] == 1


async def test_what_was_delivered_before_is_a_duplicate_and_other_content_a_conflict(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY), spots(10)
    await new_delivery(api.url, records_per_request=1).deliver(many[:2])
    many[1] = many[1]._replace(advertiser="Somebody else")

    settled = await new_delivery(api.url).deliver(many)

    assert [outcomes([one]) for one in settled[:2]] == [
        {"duplicate": 1},
        {"conflicting_duplicate": 1},
    ]
    assert outcomes(settled[2:]) == {"accepted": 8}


async def test_rows_of_one_request_id_never_share_a_request_and_keep_their_order(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY), spots(6)
    again = [many[0]._replace(line=7), many[1]._replace(line=8, advertiser="Other"), many[0]]

    settled = await new_delivery(api.url).deliver([*many, *again])

    assert outcomes(settled[:6]) == {"accepted": 6}
    kinds = ["duplicate", "conflicting_duplicate", "duplicate"]
    assert [next(iter(outcomes([one]))) for one in settled[6:]] == kinds
    assert len(await api.scheduled()) == 6


@pytest.mark.parametrize("bad", [{0}, {9}, {4}, {0, 9}, {3, 4}, set(range(10))])
async def test_where_it_is_all_or_nothing_one_bad_spot_costs_one_spot(
    sandbox, new_delivery, spots, bad
):
    api, many = await sandbox(rate=PLENTY, bulk_atomic=True), spots(10)
    many = [one._replace(duration=2**31) if i in bad else one for i, one in enumerate(many)]

    settled = await new_delivery(api.url).deliver(many)

    assert outcomes(settled) == Counter(accepted=10 - len(bad), rejected=len(bad))
    assert {i for i, one in enumerate(settled) if not isinstance(one, Receipt)} == bad
    assert (await api.stats())["requests"] <= 1 + 2 * 4 * len(bad)  # ten spots are halved 4 times


@pytest.mark.parametrize(
    ("fails", "reason"),
    [
        (answers(400), "rejected"),
        (answers(500), "retries_exhausted"),
        (reset, "retries_exhausted"),
        (hang, "retries_exhausted"),
    ],
)
@pytest.mark.parametrize("place", [0, 63])
async def test_a_spot_that_breaks_every_request_is_found_though_the_breaker_is_armed(
    serve, new_delivery, spots, fails, reason, place
):
    many = spots(64)
    api = Poisoned(fails, many[place])
    url = await serve(api.answer, "/ingest/bulk")

    settled = await new_delivery(
        url,
        records_per_request=64,
        breaker_failures=3,
        max_attempts=2,
        request_timeout=0.2,
    ).deliver(many)

    assert outcomes(settled) == {"accepted": 63, reason: 1}
    assert outcomes([settled[place]]) == {reason: 1}
    assert len(api.sizes) <= 1 + 2 * 6 + 1  # 64 are halved 6 times, and the last is tried twice


async def test_a_request_that_is_too_large_is_not_made_twice(sandbox, new_delivery, spots):
    api, many = await sandbox(rate=PLENTY, max_bulk_records=10), spots(200)
    delivery = new_delivery(api.url, records_per_request=64, concurrency=1)

    assert outcomes(await delivery.deliver(many[:100])) == {"accepted": 100}
    before = (await api.stats())["requests"]
    assert outcomes(await delivery.deliver(many[100:])) == {"accepted": 100}

    stats = await api.stats()
    assert stats["requests"] - before == 13  # of 8 spots each, what 64 was halved to
    assert stats["rejected"] <= 7


async def test_what_an_answer_leaves_out_or_fails_is_sent_again_alone(sandbox, new_delivery, spots):
    api, many = await sandbox(rate=PLENTY, faults=Faults({"partial": 1.0})), spots(9)
    delivery = new_delivery(api.url, concurrency=1)

    async def mend():
        while not (await api.stats())["bulk_requests"]:
            await asyncio.sleep(0.001)
        await api.set_faults({})

    mending = asyncio.create_task(mend())
    settled = await delivery.deliver(many)
    await mending

    assert outcomes(settled).keys() <= {"accepted", "duplicate"}
    assert await api.scheduled() == sorted(spot.spot_id for spot in many)
    assert all(settled[i].attempts > 1 for i in range(9) if i % 3 < 2)
    assert [settled[i].attempts for i in range(2, 9, 3)] == [1, 1, 1]


async def test_a_spot_that_fails_every_time_uses_up_its_own_attempts_only(
    serve, new_delivery, spots
):
    many = spots(3)

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        bad = many[1].request_id
        return web.json_response(
            [{"request_id": one, "status": 500 if one == bad else 201} for one in ids]
        )

    url = await serve(answer, "/ingest/bulk")
    settled = await new_delivery(url, max_attempts=4, breaker_failures=5).deliver(many)

    assert outcomes(settled) == {"accepted": 2, "retries_exhausted": 1}
    assert settled[1].attempts == 4


@pytest.mark.parametrize(
    ("faults", "settings"),
    [
        ({"500": 0.3}, {}),
        ({"reset": 0.3}, {}),
        ({"lost": 0.3}, {}),
        ({"slow": "0.2:0.3"}, {"request_timeout": 0.1}),
        ({"throttle": 0.05}, {}),
        ({"partial": 0.5}, {}),
        (
            {"500": 0.1, "reset": 0.1, "lost": 0.1, "partial": 0.2, "slow": "0.05:0.3"},
            {"request_timeout": 0.1},
        ),
    ],
)
async def test_under_every_fault_each_spot_is_scheduled_once(
    sandbox, new_delivery, spots, faults, settings
):
    api, many = await sandbox(rate=PLENTY, faults=Faults.of(faults), seed=1), spots(300)

    settled = await new_delivery(api.url, **settings).deliver(many)

    stats = await api.stats()
    assert all(stats["faults"][kind] for kind in faults)
    assert await api.scheduled() == sorted(spot.spot_id for spot in many)
    assert outcomes(settled).keys() <= {"accepted", "duplicate"}
    assert [one.spot_id for one in settled] == [spot.spot_id for spot in many]


async def test_the_quota_counts_requests_and_is_kept_without_a_single_429(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=Rate(20, 0.5)), spots(400)

    settled = await new_delivery(api.url, rate=Rate(20, 0.5)).deliver(many)

    stats = await api.stats()
    assert outcomes(settled) == {"accepted": 400}
    assert (stats["throttled"], stats["requests"]) == (0, 40)


async def test_a_429_pauses_and_the_same_request_is_made_again(sandbox, new_delivery, spots):
    api, many = await sandbox(rate=Rate(1, 0.3)), spots(20)

    settled = await new_delivery(api.url, concurrency=1).deliver(many)

    stats = await api.stats()
    assert outcomes(settled) == {"accepted": 20}
    assert stats["throttled"] >= 1
    assert stats["bulk_requests"] == 2


@pytest.mark.parametrize(
    "said", [{"status": 404}, {"status": 405}, {"status": 200, "text": "<h1>Log in</h1>"}]
)
async def test_an_api_that_takes_no_bulk_requests_halts_and_says_what_to_do(
    serve, new_delivery, spots, said
):
    async def answer(_request):
        return web.Response(**said)

    url = await serve(answer, "/ingest/bulk")

    with pytest.raises(HaltedError, match="--records-per-request 1 sends one by one") as told:
        await new_delivery(url).deliver(spots(20))
    assert f"{url}/ingest/bulk answered {said['status']}" in str(told.value)


async def test_a_deployment_without_bulk_requests_halts_before_anything_is_dead_lettered(
    sandbox, new_delivery, spots
):
    api = await sandbox(max_bulk_records=0)

    with pytest.raises(HaltedError, match="answered 404"):
        await new_delivery(api.url).deliver(spots(20))


async def test_an_expired_token_is_renewed_once_and_the_same_spots_are_sent_again(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY), spots(40)

    class Issuer:
        issued = 0

        async def fetch(self):
            self.issued += 1
            return Token("old" if self.issued == 1 else "sandbox")

    issuer = Issuer()
    settled = await new_delivery(api.url, token=issuer).deliver(many)

    assert outcomes(settled) == {"accepted": 40}
    assert issuer.issued == 2
    assert {one.attempts for one in settled} == {2}


async def test_an_outage_parks_the_spots_in_flight_and_the_others_wait(serve, new_delivery, spots):
    many, up = spots(60), []

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        if len(up) < 2:
            up.append(0)
            return web.Response(status=503)
        return web.json_response([{"request_id": one, "status": 201} for one in ids])

    url = await serve(answer, "/ingest/bulk")
    delivery = new_delivery(url, concurrency=2, breaker_failures=2, breaker_pause=0.05)
    settled = await delivery.deliver(many)

    assert outcomes(settled) == {"circuit_open": 20, "accepted": 40}
    letters = [one for one in settled if not isinstance(one, Receipt)]
    assert all(one.redrivable and one.request_id for one in letters)


async def test_who_looks_on_is_told_of_requests_and_of_each_spot(sandbox, new_delivery, spots):
    api, many, seen = await sandbox(rate=PLENTY), spots(25), Seen()

    await new_delivery(api.url, watch=seen).deliver(many)

    assert sorted(count for _, count in seen.requests) == [5, 10, 10]
    assert {request.status for request, _ in seen.requests} == {200}
    assert len(seen.attempts) == len(seen.settled_spots) == 25
    assert len({attempt.span for _, attempt in seen.attempts}) == 25


async def test_who_looks_on_is_told_of_every_spot_that_a_stop_leaves_in_hand(
    serve, new_delivery, spots
):
    many, seen = spots(30), Seen()
    api = Poisoned(hang, *many[:10])
    url = await serve(api.answer, "/ingest/bulk")

    with pytest.raises(StoppedError):
        await new_delivery(
            url, watch=seen, stopping=lambda: len(api.sizes) >= 3, drain_seconds=0.1
        ).deliver(many)

    assert {trail.spot.request_id for trail, _ in seen.left_spots} == api.poison


async def test_a_division_is_logged_once_and_not_for_each_spot(
    sandbox, new_delivery, spots, caplog
):
    caplog.set_level(logging.INFO, "connectors.avstar.events")
    api, many = await sandbox(rate=PLENTY, bulk_atomic=True), spots(4)
    many[0] = many[0]._replace(duration=2**31)

    await new_delivery(api.url).deliver(many)

    divided = [one for one in caplog.records if one.message == "bulk request divided"]
    assert [(one.records, one.line, one.status) for one in divided] == [(4, 1, 422), (2, 1, 422)]
    assert [one.message for one in caplog.records].count("undelivered") == 1


async def test_a_retry_is_logged_once_for_all_spots_in_it(serve, new_delivery, spots, caplog):
    caplog.set_level(logging.INFO, "connectors.avstar.events")
    tried = []

    async def answer(request):
        tried.append(1)
        status = 500 if len(tried) == 1 else 201
        ids = [record["request_id"] for record in await request.json()]
        return web.json_response([{"request_id": one, "status": status} for one in ids])

    await new_delivery(await serve(answer, "/ingest/bulk")).deliver(spots(7))

    (retry,) = [one for one in caplog.records if one.message == "retry"]
    assert (retry.records, retry.line, retry.attempt) == (7, 1, 1)
