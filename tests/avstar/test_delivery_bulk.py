"""Many spots in one request: each has its own fate, and what one bad spot costs is one spot."""

import asyncio
import json
import logging
from collections import Counter

import pytest
from aiohttp import web

from connectors.avstar.rate import Rate
from connectors.avstar.request import bulk_id
from connectors.avstar.sandbox import Faults
from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.token import StaticToken, Token
from connectors.errors import HaltedError, StoppedError
from connectors.records import Receipt
from tests.avstar.seen import Seen
from tests.avstar.test_delivery import PLENTY, outcomes


@pytest.fixture
def patience(patience):
    """Up to ten spots go in a request."""
    return patience | {"records_per_request": 10}


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
    # Ten spots are divided in three, at most three times deep; a tree of ten leaves has 19 nodes.
    assert (await api.stats())["requests"] <= min(19, 1 + 3 * 3 * len(bad))


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
    assert len(api.sizes) <= 1 + 3 * 6 + 1  # 64 are divided 6 times, and the last is tried twice


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
    assert str(told.value).startswith(f"{url}/ingest/bulk ")
    assert f"answered {said['status']}" in str(told.value)


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


def down(record_by_record, requests):
    """Make an API that fails so many requests, as a whole or each record of them."""
    sizes = []

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        sizes.append(len(ids))
        bad = len(sizes) <= requests
        if bad and not record_by_record:
            return web.Response(status=503)
        status = 503 if bad else 201
        return web.json_response([{"request_id": one, "status": status} for one in ids])

    return answer, sizes


@pytest.mark.parametrize("record_by_record", [False, True])
async def test_an_outage_parks_no_more_spots_than_requests_may_be_in_flight(
    serve, new_delivery, spots, record_by_record
):
    answer, sizes = down(record_by_record, 30)
    url = await serve(answer, "/ingest/bulk")
    delivery = new_delivery(
        url, concurrency=4, breaker_failures=3, breaker_pause=0.02, max_attempts=3
    )

    settled = await asyncio.wait_for(delivery.deliver(spots(200)), 10)

    assert outcomes(settled).keys() <= {"accepted", "circuit_open"}
    assert outcomes(settled)["circuit_open"] <= 4
    assert delivery.toll.breaker_openings > 10
    assert set(sizes[20:30]) == {1}, "one spot probes for the others"
    letters = [one for one in settled if not isinstance(one, Receipt)]
    assert all(one.redrivable and one.request_id for one in letters)


@pytest.mark.parametrize("fails", [answers(500), reset])
async def test_many_bad_spots_cost_as_many_though_the_breaker_is_armed(
    serve, new_delivery, spots, fails
):
    many = spots(600)
    bad = many[7::50]
    api = Poisoned(fails, *bad)
    url = await serve(api.answer, "/ingest/bulk")

    delivery = new_delivery(
        url,
        records_per_request=100,
        breaker_failures=5,
        breaker_pause=0.02,
        max_attempts=3,
        concurrency=5,
    )
    settled = await asyncio.wait_for(delivery.deliver(many), 20)

    lost = {one.request_id for one in settled if not isinstance(one, Receipt)}
    assert lost >= api.poison
    assert len(lost - api.poison) <= 5 * delivery.toll.breaker_openings
    assert len(lost - api.poison) <= 12


async def test_bad_spots_that_are_all_there_is_come_to_an_end(serve, new_delivery, spots):
    many = spots(29)
    api = Poisoned(answers(500), *many)
    url = await serve(api.answer, "/ingest/bulk")

    for together in (1, 10):
        settled = await asyncio.wait_for(
            new_delivery(
                await serve(answers(500)) if together == 1 else url,
                records_per_request=together,
                breaker_failures=5,
                breaker_pause=0.002,
                max_attempts=4,
            ).deliver(many),
            20,
        )
        assert outcomes(settled).keys() <= {"circuit_open", "retries_exhausted"}


@pytest.mark.parametrize("status", [404, 302])
async def test_a_place_that_goes_away_in_the_night_halts_and_costs_nothing(
    serve, new_delivery, spots, status
):
    many, seen = spots(100), []

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        seen.append(ids)
        if len(seen) > 3:
            return web.Response(status=status)
        return web.json_response([{"request_id": one, "status": 201} for one in ids])

    with pytest.raises(HaltedError, match=f"answered {status}"):
        await new_delivery(await serve(answer, "/ingest/bulk"), concurrency=1).deliver(many)


async def test_an_answer_that_cannot_be_read_is_asked_for_in_pieces(serve, new_delivery, spots):
    many = spots(64)

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        told = json.dumps([{"request_id": one, "status": 201} for one in ids])
        return web.Response(text=told[:1000], content_type="application/json")

    url = await serve(answer, "/ingest/bulk")
    delivery = new_delivery(url, records_per_request=64)
    await delivery.deliver(many[:1])  # it is a bulk endpoint

    assert outcomes(await delivery.deliver(many[1:])) == {"accepted": 63}


async def test_an_api_that_answers_the_first_records_only_gets_the_others_again(
    serve, new_delivery, spots
):
    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        return web.json_response([{"request_id": one, "status": 201} for one in ids[:5]])

    url = await serve(answer, "/ingest/bulk")
    settled = await new_delivery(url, records_per_request=50, max_attempts=2).deliver(spots(50))

    assert outcomes(settled) == {"accepted": 50}


async def test_one_record_that_is_too_large_does_not_make_all_requests_small(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY, max_bulk_bytes=30_000), spots(300)
    many[20] = many[20]._replace(advertiser="x" * 40_000)
    delivery = new_delivery(api.url, records_per_request=64)

    assert outcomes(await delivery.deliver(many[:100])) == {"accepted": 99, "rejected": 1}
    before = (await api.stats())["requests"]
    assert outcomes(await delivery.deliver(many[100:])) == {"accepted": 200}

    assert (await api.stats())["requests"] - before <= 7


async def test_requests_that_take_too_long_become_smaller(serve, new_delivery, spots):
    sizes = []

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        sizes.append(len(ids))
        await asyncio.sleep(30 if len(ids) > 20 else 0)
        return web.json_response([{"request_id": one, "status": 201} for one in ids])

    url = await serve(answer, "/ingest/bulk")
    delivery = new_delivery(
        url, records_per_request=64, request_timeout=0.3, concurrency=4, breaker_failures=5
    )
    for batch in range(2):
        many = spots(200)[100 * batch : 100 * batch + 100]
        assert outcomes(await delivery.deliver(many)) == {"accepted": 100}

    assert sum(size > 20 for size in sizes) <= 8 < len(sizes)


async def test_tokens_refused_record_by_record_are_renewed(serve, new_delivery, spots):
    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        good = request.headers["Authorization"] == "Bearer new"
        return web.json_response(
            [{"request_id": one, "status": 201 if good else 401} for one in ids]
        )

    class Issuer:
        issued = 0

        async def fetch(self):
            self.issued += 1
            return Token("old" if self.issued == 1 else "new")

    issuer = Issuer()
    url = await serve(answer, "/ingest/bulk")

    settled = await new_delivery(url, token=issuer).deliver(spots(40))

    assert outcomes(settled) == {"accepted": 40}
    assert issuer.issued == 2
    with pytest.raises(HaltedError, match="401"):
        await new_delivery(url, token=StaticToken("never")).deliver(spots(40))


async def test_a_record_that_is_throttled_pauses_the_lane_and_is_sent_again(
    serve, new_delivery, spots
):
    requests = []

    async def answer(request):
        ids = [record["request_id"] for record in await request.json()]
        requests.append(ids)
        late = len(requests) == 1
        told = [201] * (len(ids) - 1) + [429 if late else 201]
        return web.json_response(
            [{"request_id": one, "status": s} for one, s in zip(ids, told, strict=True)],
            headers={"Retry-After": "0.05"} if late else {},
        )

    many, delivery = spots(10), new_delivery(await serve(answer, "/ingest/bulk"))
    settled = await delivery.deliver(many)

    assert outcomes(settled) == {"accepted": 10}
    assert requests[1:] == [[many[-1].request_id]]
    assert delivery.toll.throttled == 1


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
    many[3] = many[3]._replace(duration=2**31)

    await new_delivery(api.url).deliver(many)

    divided = [one for one in caplog.records if one.message == "bulk request divided"]
    assert [(one.records, one.line, one.status) for one in divided] == [(4, 1, 422), (2, 3, 422)]
    assert divided[0].request_id == many[0].request_id
    assert divided[0].bulk_id == bulk_id(many)
    assert [one.message for one in caplog.records].count("undelivered") == 1


async def test_a_retry_is_logged_once_for_all_spots_in_it(serve, new_delivery, spots, caplog):
    caplog.set_level(logging.INFO, "connectors.avstar.events")
    tried = []

    async def answer(request):
        tried.append(1)
        ids = [record["request_id"] for record in await request.json()]
        told = {"status": 500, "title": "Deadlock"} if len(tried) == 1 else {"status": 201}
        return web.json_response([{"request_id": one, **told} for one in ids])

    await new_delivery(await serve(answer, "/ingest/bulk")).deliver(spots(7))

    (retry,) = [one for one in caplog.records if one.message == "retry"]
    assert (retry.records, retry.line, retry.attempt) == (7, 1, 1)
    assert (retry.status, retry.detail) == (500, "Deadlock")
