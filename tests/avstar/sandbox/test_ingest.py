import asyncio
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import monotonic

import aiohttp
import pytest

from connectors.avstar.sandbox import Faults, Latency, Rate


def request_ids(count):
    return [f"{number:032x}" for number in range(count)]


async def test_the_same_request_again_is_already_scheduled(start):
    api = await start()
    assert (await api.ingest()).status == 201
    again = await api.ingest()
    assert (again.status, again.problem) == (409, "already-scheduled")
    assert len(await api.spots()) == 1


async def test_a_request_id_with_other_content_is_refused(start):
    api = await start()
    await api.ingest()
    other = await api.ingest(station="WXYZ")
    assert (other.status, other.problem) == (422, "request-id-reused")
    assert [spot["station"] for spot in await api.spots()] == ["KABC"]


async def test_an_api_that_knows_409_only_says_so_for_other_content_too(start):
    api = await start(conflict=409)
    await api.ingest()
    other = await api.ingest(station="WXYZ")
    assert (other.status, other.problem) == (409, "request-id-reused")
    assert (await api.stats())["conflicts"] == 1


async def test_a_plain_api_answers_alike_whether_the_content_is_the_same_or_not(start):
    api = await start(conflict="plain")
    await api.ingest()
    same, other = await api.ingest(), await api.ingest(station="WXYZ")
    assert (same.status, same.problem) == (409, "already-scheduled")
    assert (same.status, same.body) == (other.status, other.body)
    assert [spot["station"] for spot in await api.spots()] == ["KABC"]
    stats = await api.stats()
    assert (stats["duplicates"], stats["conflicts"]) == (1, 1)


async def test_of_many_equal_requests_at_once_one_is_accepted(start):
    api = await start()
    answers = await asyncio.gather(*(api.ingest() for _ in range(50)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 49


@pytest.mark.parametrize("value", [None, "", "sandbox", "Basic sandbox", "Bearer", "Bearer wrong"])
async def test_without_the_accepted_token_nothing_is_scheduled(start, value):
    api = await start()
    answer = await api.ingest(headers={"Authorization": value})
    assert (answer.status, answer.problem) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert await api.spots() == []


async def test_a_wrong_token_is_called_invalid_and_a_missing_one_is_not(start):
    api = await start()
    wrong = await api.ingest(token="wr\u00f6ng")
    missing = await api.ingest(headers={"Authorization": None})
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    assert "error" not in missing.headers["WWW-Authenticate"]


async def test_the_scheme_is_read_in_any_case(start):
    api = await start()
    assert (await api.ingest(headers={"Authorization": "bearer sandbox"})).status == 201


async def test_requests_over_the_quota_are_throttled_and_counted(start):
    api = await start(rate=Rate(3, 60))
    answers = [await api.ingest(request_id) for request_id in request_ids(5)]
    assert [answer.status for answer in answers] == [201, 201, 201, 429, 429]
    assert answers[-1].problem == "throttled"
    assert (await api.stats())["throttled"] == 2


async def test_a_throttled_request_is_told_how_many_seconds_to_wait(start):
    api = await start(rate=Rate(1, 60))
    await api.ingest()
    assert 55 <= int((await api.ingest()).headers["Retry-After"]) <= 60


async def test_a_throttled_request_is_told_when_to_come_back(start):
    api = await start(rate=Rate(1, 60), retry_after="date")
    await api.ingest()
    moment = parsedate_to_datetime((await api.ingest()).headers["Retry-After"])
    assert 55 <= (moment - datetime.now(timezone.utc)).total_seconds() <= 61


async def test_a_throttled_request_may_be_told_nothing(start):
    api = await start(rate=Rate(1, 60), retry_after="none")
    await api.ingest()
    assert "Retry-After" not in (await api.ingest()).headers


async def test_whoever_waits_as_told_is_admitted(start):
    api = await start(rate=Rate(1, 0.3))
    await api.ingest("a" * 32)
    assert (await api.ingest("b" * 32)).status == 429
    await asyncio.sleep(0.31)
    assert (await api.ingest("b" * 32)).status == 201


async def test_only_authorised_requests_use_up_the_quota(start):
    api = await start(rate=Rate(2, 60))
    for _ in range(5):
        await api.ingest(token="wrong")
        await api.send("GET", "/healthz")
    assert [(await api.ingest()).status for _ in range(3)] == [201, 409, 429]


async def test_bad_records_use_up_the_quota_too(start):
    api = await start(rate=Rate(1, 60))
    assert (await api.ingest(body=b"{")).status == 400
    assert (await api.ingest()).status == 429


async def test_the_quota_can_be_announced_in_every_answer(start):
    api = await start(rate=Rate(2, 60), announce="ietf")
    answers = [await api.ingest() for _ in range(3)]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == [
        "r=1",
        "r=0",
        "r=0",
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"ingest";q=2;w=60'}


async def test_the_quota_is_not_announced_by_default(start):
    api = await start()
    assert not [name for name in (await api.ingest()).headers if "ratelimit" in name.lower()]


async def test_a_failing_api_schedules_nothing(start):
    api = await start(faults=Faults({"500": 1.0}))
    answer = await api.ingest()
    assert (answer.status, answer.problem) == (500, "internal-error")
    assert await api.spots() == []


async def test_a_reset_connection_schedules_nothing(start):
    api = await start(faults=Faults({"reset": 1.0}))
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.ingest()
    assert await api.spots() == []


async def test_a_lost_answer_leaves_the_spot_scheduled(start):
    api = await start(faults=Faults({"lost": 1.0}))
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.ingest()
    assert len(await api.spots()) == 1
    await api.switch("faults", {})
    assert (await api.ingest()).problem == "already-scheduled"


async def test_a_lost_answer_may_be_a_refusal(start):
    api = await start(faults=Faults({"lost": 1.0}))
    with pytest.raises(aiohttp.ClientConnectionError):
        await api.ingest(body=b"{")
    assert (await api.stats())["rejected"] == 1


async def test_a_slow_answer_comes_late_and_its_spot_is_scheduled_before(start):
    api = await start(faults=Faults({"slow": 1.0}, slow_seconds=0.5))
    began = monotonic()
    answer = asyncio.create_task(api.ingest())
    await api.until("spots")
    assert not answer.done()
    assert (await answer).status == 201
    assert monotonic() - began >= 0.5


async def test_throttling_may_come_though_the_window_has_room(start):
    api = await start(faults=Faults({"throttle": 1.0}))
    answer = await api.ingest()
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    stats = await api.stats()
    assert (stats["throttled"], stats["faults"]["throttle"]) == (0, 1)


async def test_a_token_expires_once_for_each_request(start):
    api = await start(faults=Faults({"expired": 1.0}))
    first, again, other = [await api.ingest(request_id * 32) for request_id in "aab"]
    assert [first.status, again.status, other.status] == [401, 201, 401]
    assert 'error="invalid_token"' in first.headers["WWW-Authenticate"]
    stats = await api.stats()
    assert (stats["unauthorized"], stats["faults"]["expired"]) == (0, 2)


async def test_a_seed_strikes_the_same_requests_every_time(start):
    async def statuses(**settings):
        api = await start(faults=Faults({"500": 0.3, "throttle": 0.3}), **settings)
        return [(await api.ingest(request_id)).status for request_id in request_ids(40)]

    first = await statuses(seed=1)
    assert await statuses(seed=1, latency=Latency(0.001, 0.001)) == first
    assert await statuses(seed=2) != first


async def test_every_answer_takes_the_latency(start):
    api = await start(latency=Latency(0.05), rate=Rate(1, 60))
    for status in (201, 429):
        began = monotonic()
        assert (await api.ingest()).status == status
        assert monotonic() - began >= 0.05


async def test_every_request_is_counted_exactly_once(start):
    faults = Faults({"500": 0.1, "throttle": 0.1, "expired": 0.1, "reset": 0.1, "lost": 0.1})
    api = await start(faults=faults, rate=Rate(150, 60))
    for number in range(200):
        with suppress(aiohttp.ClientConnectionError):
            await api.ingest(
                f"{number % 90:032x}",
                token="wrong" if number % 11 == 0 else "sandbox",
                station="KABC" if number < 130 else "WXYZ",
                duration_sec=0 if number % 13 == 0 else 30,
            )
    stats = await api.stats()
    outcomes = ("accepted", "duplicates", "conflicts", "rejected", "unauthorized", "throttled")
    instead = ("500", "reset", "throttle", "expired")
    counts = [stats[name] for name in outcomes] + [stats["faults"][kind] for kind in instead]
    assert all(counts)
    assert stats["requests"] == sum(counts) == 200
    assert stats["spots"] == stats["accepted"]


async def test_the_peak_of_connections_is_that_of_the_clients(start):
    api = await start(latency=Latency(0.2))
    await asyncio.gather(*(api.ingest(request_id) for request_id in request_ids(7)))
    await asyncio.gather(*(api.stats() for _ in range(20)))
    assert (await api.stats())["peak_connections"] == 7
