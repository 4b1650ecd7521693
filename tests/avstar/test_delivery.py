"""The way of a spot to the API, against a sandbox and servers that misbehave on cue."""

import asyncio
import gc
import logging
import time
from collections import Counter
from itertools import pairwise

import pytest
from aiohttp import web

from connectors.avstar.breaker import State
from connectors.avstar.rate import Rate
from connectors.avstar.sandbox import Faults
from connectors.avstar.token import Token, TokenFile
from connectors.errors import HaltedError, StoppedError
from connectors.records import DeadLetter, Receipt
from connectors.trail import Wait
from tests.avstar.seen import Seen

PLENTY = Rate(10_000, 0.01)


def outcomes(settled):
    return Counter(one.outcome if isinstance(one, Receipt) else one.reason for one in settled)


class Script:
    """Answers each spot's requests in turn with these statuses, the last one for ever."""

    def __init__(self, *statuses, headers=None, seconds=0.0):
        self.statuses = statuses
        self.headers = headers or {}
        self.seconds = seconds
        self.requests = []
        self._seen = Counter()

    async def answer(self, request):
        self.requests.append((time.monotonic(), request.headers["Authorization"]))
        request_id = request.headers["X-Request-ID"]
        status = self.statuses[min(self._seen[request_id], len(self.statuses) - 1)]
        self._seen[request_id] += 1
        await asyncio.sleep(self.seconds)
        return web.Response(status=status, headers=self.headers if status in {429, 503} else {})

    @property
    def times(self):
        return [at for at, _ in self.requests]


async def test_every_spot_gets_its_receipt_in_the_order_given(sandbox, new_delivery, spots):
    api, many = await sandbox(rate=PLENTY), spots(100)

    settled = await new_delivery(api.url).deliver(many)

    assert [one.request_id for one in settled] == [spot.request_id for spot in many]
    assert all((one.outcome, one.status, one.attempts) == ("accepted", 201, 1) for one in settled)
    assert await api.scheduled() == sorted(spot.spot_id for spot in many)
    assert (await api.stats())["peak_connections"] <= 20


async def test_no_spots_are_settled_at_once(new_delivery):
    assert await new_delivery("http://localhost:1").deliver([]) == []


async def test_a_delivery_delivers_batch_after_batch_over_the_same_connections(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY), spots(60)
    delivery = new_delivery(api.url, concurrency=2)

    for batch in (many[:20], many[20:40], many[40:]):
        assert outcomes(await delivery.deliver(batch)) == {"accepted": 20}
    assert (await api.stats())["peak_connections"] <= 2


async def test_a_closed_delivery_opens_again(sandbox, new_delivery, spots):
    api, delivery = await sandbox(), new_delivery((await sandbox()).url)

    await delivery.deliver(spots(1))
    await delivery.close()

    assert outcomes(await delivery.deliver(spots(1))) == {"duplicate": 1}
    assert await api.scheduled() == []


@pytest.mark.parametrize(
    ("faults", "settings"),
    [
        ({"500": 0.4}, {}),
        ({"reset": 0.4}, {}),
        ({"lost": 0.4}, {}),
        ({"slow": "0.2:0.3"}, {"request_timeout": 0.1}),
        ({"throttle": 0.02}, {}),
        ({"expired": 0.4}, {}),
        ({"500": 0.2, "reset": 0.2, "lost": 0.2, "slow": "0.05:0.3"}, {"request_timeout": 0.1}),
    ],
)
async def test_under_every_fault_each_spot_is_scheduled_once(
    sandbox, new_delivery, spots, faults, settings
):
    api, many = await sandbox(rate=PLENTY, faults=Faults.of(faults), seed=1), spots(60)

    settled = await new_delivery(api.url, **settings).deliver(many)

    stats = await api.stats()
    assert all(stats["faults"][kind] for kind in faults)
    assert await api.scheduled() == sorted(spot.spot_id for spot in many)
    assert outcomes(settled).keys() <= {"accepted", "duplicate"}
    assert [one.spot_id for one in settled] == [spot.spot_id for spot in many]
    given_up = sum(one.attempts for one in settled) - stats["requests"]
    assert given_up >= 0 if settings else given_up == 0  # a timeout may be there before the API
    assert all((one.outcome == "accepted") == (one.status == 201) for one in settled)


async def test_a_token_that_expires_again_and_again_is_renewed_each_time(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(rate=PLENTY, faults=Faults({"expired": 0.3}), seed=1), spots(30)

    class Issuer:
        issued = 0

        async def fetch(self):
            self.issued += 1
            await api.set_token(f"token-{self.issued}")
            return Token(f"token-{self.issued}")

    issuer = Issuer()
    settled = await new_delivery(api.url, token=issuer, concurrency=1).deliver(many)

    assert outcomes(settled) == {"accepted": 30}
    assert issuer.issued == 1 + (await api.stats())["faults"]["expired"] > 1


async def test_a_lost_answer_becomes_a_duplicate_under_the_same_request_id(
    sandbox, new_delivery, spots
):
    api = await sandbox(faults=Faults({"lost": 0.5}), seed=3)

    settled = await new_delivery(api.url).deliver(spots(20))

    assert len(await api.scheduled()) == 20
    assert all(one.attempts > 1 for one in settled if one.outcome == "duplicate")
    assert outcomes(settled)["duplicate"] > 0


@pytest.mark.parametrize("conflict", [409, 422, "plain"])
async def test_of_rows_that_share_a_request_id_the_first_is_scheduled_and_the_others_are_not(
    sandbox, new_delivery, spots, conflict
):
    api, one = await sandbox(rate=PLENTY, conflict=conflict), spots(1)[0]
    alike = [one._replace(line=line, duration=30 + line) for line in range(1, 41)]

    settled = await new_delivery(api.url).deliver([*alike, one._replace(line=41, duration=31)])

    found = "duplicate" if conflict == "plain" else "conflicting_duplicate"
    assert outcomes(settled[:1]) == {"accepted": 1}
    assert outcomes(settled[1:-1]) == {found: 39}
    assert outcomes(settled[-1:]) == {"duplicate": 1}


async def test_what_holds_a_delivery_up_is_counted(sandbox, new_delivery, spots):
    api = await sandbox(rate=PLENTY, faults=Faults({"500": 0.3, "expired": 0.3}), seed=1)
    delivery = new_delivery(api.url, breaker_failures=3, breaker_pause=0.05, concurrency=1)

    settled = await delivery.deliver(spots(60))

    assert 0 < outcomes(settled)["circuit_open"] <= delivery.toll.breaker_openings
    assert delivery.toll.breaker_seconds >= 0.05 * delivery.toll.breaker_openings
    assert delivery.toll.token_renewals == (await api.stats())["faults"]["expired"] > 0
    assert (delivery.toll.throttled, delivery.toll.paused_seconds) == (0, 0)


async def test_what_was_delivered_before_is_a_duplicate(sandbox, new_delivery, spots):
    api = await sandbox()
    await new_delivery(api.url).deliver(spots(10))

    settled = await new_delivery(api.url).deliver(spots(10))

    assert outcomes(settled) == {"duplicate": 10}
    assert {one.status for one in settled} == {409}
    assert len(await api.scheduled()) == 10


@pytest.mark.parametrize("status", [422, 409])
async def test_a_request_id_of_another_spot_is_a_conflict_and_a_dead_letter(
    sandbox, new_delivery, spot, status
):
    api = await sandbox(conflict=status)
    await new_delivery(api.url).deliver([spot])

    (letter,) = await new_delivery(api.url).deliver([spot._replace(advertiser="other")])

    assert isinstance(letter, DeadLetter)
    assert letter.reason == "conflicting_duplicate"
    assert (letter.status, letter.redrivable, letter.attempts) == (status, False, 1)


async def test_a_refused_spot_is_a_dead_letter_at_once_and_the_others_go_on(
    sandbox, new_delivery, spots
):
    api, many = await sandbox(), spots(10)
    many[3] = many[3]._replace(duration=0)

    settled = await new_delivery(api.url).deliver(many)

    letter = settled.pop(3)
    assert (letter.reason, letter.status, letter.attempts) == ("rejected", 422, 1)
    assert (letter.line, letter.offset, letter.raw) == (4, 300, b"raw 4")
    assert "duration_sec" in letter.detail
    assert not letter.redrivable
    assert outcomes(settled) == {"accepted": 9}


async def test_the_quota_is_kept_without_a_single_429(sandbox, new_delivery, spots):
    rate = Rate(40, 0.4)
    api = await sandbox(rate=rate)

    settled = await new_delivery(api.url, rate=rate).deliver(spots(80))

    assert outcomes(settled) == {"accepted": 80}
    assert (await api.stats())["throttled"] == 0


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_quota_shared_with_others_is_waited_for_as_told(sandbox, new_delivery, spots, form):
    api = await sandbox(rate=Rate(15, 1), retry_after=form)

    settled = await new_delivery(api.url, max_attempts=1).deliver(spots(20))

    assert outcomes(settled) == {"accepted": 20}
    assert (await api.stats())["throttled"] > 0


async def test_a_429_pauses_everybody_and_counts_once_however_many_were_under_way(
    serve, new_delivery, spots
):
    script = Script(429, 201, headers={"Retry-After": "1"}, seconds=0.1)
    delivery = new_delivery(await serve(script.answer), breaker_failures=2, max_attempts=1)

    settled = await delivery.deliver(spots(30))

    assert outcomes(settled) == {"accepted": 30}
    refused = [at for at in script.times if at < script.times[0] + 0.1]
    assert len(refused) == 20
    assert script.times[20] >= script.times[0] + 1.09


async def test_a_503_with_retry_after_uses_up_no_attempt(serve, new_delivery, spots):
    script = Script(503, 503, 503, 201, headers={"Retry-After": "0"})

    (receipt,) = await new_delivery(await serve(script.answer), max_attempts=1).deliver(spots(1))

    assert (receipt.outcome, receipt.attempts) == ("accepted", 4)


async def test_used_up_retries_are_a_dead_letter_to_send_again(serve, new_delivery, spots):
    script = Script(500)

    settled = await new_delivery(await serve(script.answer), max_attempts=3).deliver(spots(5))

    assert {one[2:8] for one in settled} == {
        ("retries_exhausted", "", 500, True, one.request_id, 3) for one in settled
    }
    assert len(script.requests) == 15


async def test_a_server_that_is_not_there_uses_up_the_retries(new_delivery, spots):
    settled = await new_delivery("http://localhost:1", max_attempts=2).deliver(spots(3))

    assert outcomes(settled) == {"retries_exhausted": 3}
    assert {(one.status, one.attempts) for one in settled} == {(None, 2)}


class Issuer:
    """Gives out `t1`, `t2` and so on."""

    fetched = 0

    async def fetch(self):
        self.fetched += 1
        await asyncio.sleep(0.001)
        return Token(f"t{self.fetched}")


async def test_an_expired_token_is_read_again_from_its_file(
    sandbox, new_delivery, spots, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "token"
    file.write_text("first-secret")
    api = await sandbox(token="first-secret")
    delivery = new_delivery(api.url, token=TokenFile(file))
    await delivery.deliver(spots(5))

    await api.set_token("second-secret")
    file.write_text("second-secret\n")
    settled = await delivery.deliver(spots(40)[5:])

    assert outcomes(settled) == {"accepted": 35}
    assert (await api.stats())["unauthorized"] <= 20
    assert "token refused" in caplog.text
    assert "secret" not in caplog.text + repr([vars(record) for record in caplog.records])


async def test_twenty_401s_renew_the_token_once(serve, new_delivery, spots):
    issuer, script = Issuer(), Script(401, 201, seconds=0.02)

    settled = await new_delivery(await serve(script.answer), token=issuer).deliver(spots(20))

    assert outcomes(settled) == {"accepted": 20}
    assert issuer.fetched == 2
    assert Counter(token for _, token in script.requests) == {"Bearer t1": 20, "Bearer t2": 20}


async def test_a_token_refused_after_its_renewal_halts_the_run(serve, new_delivery, spot):
    script = Script(401)

    with pytest.raises(HaltedError, match="answered 401"):
        await new_delivery(await serve(script.answer), token=Issuer()).deliver([spot])
    assert [token for _, token in script.requests] == ["Bearer t1", "Bearer t2"]


async def test_a_token_that_stays_the_same_is_sent_once_more_and_then_halts_the_run(
    serve, new_delivery, spot
):
    script = Script(401)
    delivery = new_delivery(await serve(script.answer), token="s3cret", proven=True)

    with pytest.raises(HaltedError, match="check the token") as halt:
        await delivery.deliver([spot])
    assert len(script.requests) == 2
    assert "s3cret" not in str(halt.value)


async def test_a_token_that_expires_again_during_the_retries_is_renewed_again(
    serve, new_delivery, spot
):
    script = Script(401, 500, 401, 201)

    (receipt,) = await new_delivery(await serve(script.answer), token=Issuer()).deliver([spot])

    assert (receipt.outcome, receipt.attempts) == ("accepted", 4)


async def test_a_401_to_the_probe_does_not_keep_the_breaker_open(serve, new_delivery, spots):
    down, issuer = asyncio.Event(), Issuer()

    async def handler(request):
        if not down.is_set():
            return web.Response(status=500)
        return web.Response(status=401 if request.headers["Authorization"] == "Bearer t1" else 201)

    delivery = new_delivery(
        await serve(handler), token=issuer, concurrency=1, breaker_failures=2, breaker_pause=0.1
    )
    asyncio.get_running_loop().call_later(0.05, down.set)
    settled = await asyncio.wait_for(delivery.deliver(spots(3)), 5)

    assert outcomes(settled) == {"circuit_open": 1, "accepted": 2}


@pytest.mark.parametrize("status", [403, 404, 405, 302])
async def test_a_wrong_address_halts_before_anything_is_dead_lettered(
    serve, new_delivery, spots, status
):
    script = Script(status, seconds=0.2)
    url = await serve(script.answer)

    with pytest.raises(HaltedError, match=rf"{url}/ingest answered {status}.*API URL"):
        await new_delivery(url).deliver(spots(100))
    assert len(script.requests) == 20


@pytest.mark.parametrize("status", [404, 405])
async def test_once_something_was_accepted_a_404_is_the_spots_own(
    serve, new_delivery, spots, status
):
    first, second = spots(2)

    async def handler(request):
        known = request.headers["X-Request-ID"] == first.request_id
        return web.Response(status=201 if known else status)

    delivery = new_delivery(await serve(handler))
    await delivery.deliver([first])
    assert delivery.proven
    (letter,) = await delivery.deliver([second])

    assert (letter.reason, letter.status) == ("rejected", status)


async def test_a_403_halts_even_after_something_was_accepted(serve, new_delivery, spots):
    delivery = new_delivery(await serve(Script(403).answer), proven=True)

    with pytest.raises(HaltedError, match="answered 403"):
        await delivery.deliver(spots(1))


async def test_a_duplicate_proves_the_address_too(serve, new_delivery, spots):
    delivery = new_delivery(await serve(Script(409).answer))
    assert not delivery.proven
    await delivery.deliver(spots(1))
    assert delivery.proven


async def test_a_halt_is_one_error_and_no_noise(serve, new_delivery, spots, caplog):
    async def handler(_):
        return web.Response(status=403)

    for _ in range(5):
        with pytest.raises(HaltedError):
            await new_delivery(await serve(handler)).deliver(spots(100))
    gc.collect()
    await asyncio.sleep(0)

    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_an_outage_parks_what_was_in_flight_waits_and_goes_on(
    serve, new_delivery, spots, caplog
):
    caplog.set_level(logging.WARNING)
    up, times = asyncio.Event(), []

    async def handler(_):
        times.append(time.monotonic())
        await asyncio.sleep(0.005)
        return web.Response(status=201 if up.is_set() else 503)

    delivery = new_delivery(
        await serve(handler), concurrency=4, breaker_failures=5, breaker_pause=0.4
    )
    asyncio.get_running_loop().call_later(0.2, up.set)
    settled = await delivery.deliver(spots(60))

    letters = [one for one in settled if isinstance(one, DeadLetter)]
    assert {(one.reason, one.status, one.redrivable) for one in letters} == {
        ("circuit_open", 503, True)
    }
    assert 1 <= len(letters) <= 4
    assert outcomes(settled)["accepted"] == 60 - len(letters)
    pauses = [after - before for before, after in pairwise(times)]
    probe = pauses.index(max(pauses)) + 1
    assert max(pauses) >= 0.38
    assert times[probe + 1] - times[probe] >= 0.005, "the probe was alone"
    assert [record.message for record in caplog.records if "breaker" in record.message] == [
        "breaker open", "breaker half open", "breaker closed"
    ]  # fmt: skip


async def test_a_long_outage_parks_only_what_was_in_flight_when_it_began(
    serve, new_delivery, spots
):
    requests = []

    async def handler(request):
        requests.append(request.headers["X-Request-ID"])
        return web.Response(status=500 if len(requests) < 60 else 201)

    delivery = new_delivery(
        await serve(handler), concurrency=5, max_attempts=3, breaker_failures=3, breaker_pause=0.02
    )
    settled = await delivery.deliver(spots(40))

    letters = [one for one in settled if isinstance(one, DeadLetter)]
    assert {one.reason for one in letters} == {"circuit_open"}
    assert 1 <= len(letters) <= 5
    assert outcomes(settled)["accepted"] == 40 - len(letters)
    assert max(Counter(requests).values()) > 3, "probes use up no attempts"
    assert sum(one.attempts for one in settled) == len(requests)


async def test_a_bad_spot_that_probes_holds_up_nobody(serve, new_delivery, spots):
    many, requests = spots(30), []
    bad = {spot.request_id for spot in many[3:9]}

    async def handler(request):
        requests.append(request.headers["X-Request-ID"])
        failing = len(requests) < 20 or requests[-1] in bad
        return web.Response(status=500 if failing else 201)

    delivery = new_delivery(
        await serve(handler), concurrency=3, max_attempts=4, breaker_failures=3, breaker_pause=0.01
    )
    settled = await asyncio.wait_for(delivery.deliver(many), 10)

    lost = {one.request_id for one in settled if isinstance(one, DeadLetter)}
    assert bad <= lost
    assert len(lost - bad) <= 12


async def test_where_few_spots_are_in_hand_their_probes_use_up_attempts(serve, new_delivery, spots):
    many = spots(4)
    bad = {spot.request_id for spot in many[:2]}

    async def handler(request):
        return web.Response(status=500 if request.headers["X-Request-ID"] in bad else 201)

    delivery = new_delivery(
        await serve(handler), concurrency=1, max_attempts=3, breaker_failures=2, breaker_pause=0.01
    )
    settled = await asyncio.wait_for(delivery.deliver(many), 10)

    assert [getattr(one, "reason", "accepted") for one in settled] == [
        "circuit_open", "retries_exhausted", "accepted", "accepted"
    ]  # fmt: skip
    assert [one.attempts for one in settled] == [2, 3, 1, 1]


async def test_a_bad_spot_that_is_the_last_of_its_batch_does_not_hold_it_up(
    serve, new_delivery, spots
):
    delivery = new_delivery(
        await serve(Script(500, seconds=0.05).answer),
        concurrency=5,
        max_attempts=3,
        breaker_failures=2,
        breaker_pause=0.01,
    )
    settled = await asyncio.wait_for(delivery.deliver(spots(6)), 10)

    assert outcomes(settled) == {"circuit_open": 5, "retries_exhausted": 1}


async def test_what_was_parked_is_never_scheduled_twice(sandbox, new_delivery, spot):
    api = await sandbox(faults=Faults({"lost": 1.0}))
    delivery = new_delivery(api.url, breaker_failures=1, breaker_pause=0)
    assert outcomes(await delivery.deliver([spot])) == {"circuit_open": 1}

    await api.set_faults({})

    assert outcomes(await delivery.deliver([spot])) == {"duplicate": 1}
    assert len(await api.scheduled()) == 1


async def test_the_watch_is_told_of_every_spot_and_sees_the_lane(sandbox, new_delivery, spots):
    api, seen = await sandbox(), Seen()
    many = spots(10)
    many[2] = many[2]._replace(duration=0)

    settled = await new_delivery(api.url, rate=Rate(100, 1), watch=seen).deliver(many)

    assert sorted(one for _, one in seen.settled_spots) == sorted(settled)
    assert 0 < seen.lane.quota_used() <= 0.11
    assert (seen.lane.requests_in_flight, seen.lane.state) == (0, State.CLOSED)


async def test_the_watch_is_told_of_every_attempt_and_what_was_waited_for(
    serve, new_delivery, spot
):
    script, seen = Script(503, 201), Seen()

    await new_delivery(await serve(script.answer), watch=seen).deliver([spot], ["day.ndjson"])

    ((trail, receipt),) = seen.settled_spots
    assert (trail.spot, trail.export, receipt.attempts) == (spot, "day.ndjson", 2)
    assert [(one.number, one.status) for _, one in seen.attempts] == [(1, 503), (2, 201)]
    names = [one.why if isinstance(one, Wait) else one.number for one in trail.steps]
    assert [one for one in names if one not in {"quota", "token"}] == [1, "backoff", 2]
    assert all(a.ended <= b.began for a, b in pairwise(trail.steps))


async def test_the_api_is_told_the_span_of_each_attempt_and_whether_it_is_kept(
    serve, new_delivery, spot
):
    told = []

    async def answer(request):
        told.append(request.headers["traceparent"])
        return web.Response(status=503 if len(told) == 1 else 201)

    seen = Seen(keep=lambda trail: trail.last is not None)
    await new_delivery(await serve(answer), watch=seen).deliver([spot])

    spans = [attempt.span for _, attempt in seen.attempts]
    assert told == [
        f"00-{spot.request_id}-{spans[0]:016x}-00",
        f"00-{spot.request_id}-{spans[1]:016x}-01",
    ]


async def test_the_watch_is_told_of_what_a_halt_left_in_hand(serve, new_delivery, spot):
    seen = Seen()

    with pytest.raises(HaltedError):
        await new_delivery(await serve(Script(403).answer), watch=seen).deliver([spot])

    ((trail, error),) = seen.left_spots
    assert trail.last.status == 403
    assert isinstance(error, HaltedError)


async def test_retries_are_logged_with_what_and_why(serve, new_delivery, spot, caplog):
    caplog.set_level(logging.INFO, "connectors.avstar.events")

    await new_delivery(await serve(Script(500, 201).answer)).deliver([spot])

    (retry,) = [record for record in caplog.records if record.message == "retry"]
    assert (retry.request_id, retry.line, retry.attempt) == (spot.request_id, 1, 1)
    assert (retry.status, retry.detail) == (500, "")
    assert 0 <= retry.wait_seconds <= 0.005


async def test_dead_letters_are_logged_with_what_and_why(serve, new_delivery, spots, caplog):
    settled = await new_delivery(await serve(Script(400).answer), proven=True).deliver(spots(2))

    told = [record for record in caplog.records if record.message == "undelivered"]
    assert {(one.request_id, one.line, one.status, one.attempts, one.reason) for one in told} == {
        (one.request_id, one.line, 400, 1, "rejected") for one in settled
    }


async def test_asked_to_stop_it_settles_the_batch_in_hand(serve, new_delivery, spots):
    delivery = new_delivery(await serve(Script(201, seconds=0.3).answer), stopping=lambda: True)

    assert outcomes(await delivery.deliver(spots(30))) == {"accepted": 30}


async def test_asked_to_stop_it_leaves_when_the_drain_takes_too_long(serve, new_delivery, spots):
    script = Script(201, seconds=30)
    delivery = new_delivery(await serve(script.answer), stopping=lambda: True, drain_seconds=0.3)
    began = time.monotonic()

    with pytest.raises(StoppedError, match=r"longer than 0\.3 s"):
        await delivery.deliver(spots(30))
    assert 0.3 <= time.monotonic() - began < 2
    assert len(script.requests) == 20


@pytest.mark.parametrize(
    ("status", "settings"),
    [(429, {}), (500, {"breaker_failures": 1, "breaker_pause": 60})],
)
async def test_asked_to_stop_during_a_long_pause_it_leaves_at_once(
    serve, new_delivery, spots, status, settings
):
    script = Script(status, headers={"Retry-After": "60"})
    delivery = new_delivery(await serve(script.answer), stopping=lambda: True, **settings)
    began = time.monotonic()

    with pytest.raises(StoppedError, match=r"during a pause of (59|60) s"):
        await delivery.deliver(spots(30))
    assert time.monotonic() - began < 2


async def test_asked_to_stop_while_a_probe_has_no_answer_it_leaves_at_once(
    serve, new_delivery, spots
):
    times = []

    async def handler(_):
        times.append(time.monotonic())
        await asyncio.sleep(30 if len(times) > 1 else 0)
        return web.Response(status=500)

    delivery = new_delivery(
        await serve(handler),
        concurrency=1,
        breaker_failures=1,
        breaker_pause=1.2,
        stopping=lambda: len(times) > 1,
    )
    with pytest.raises(StoppedError, match="during a pause"):
        await delivery.deliver(spots(3))
    assert time.monotonic() - times[1] < 2


async def test_a_short_pause_is_waited_for_when_asked_to_stop(serve, new_delivery, spots):
    script = Script(429, 201, headers={"Retry-After": "1"})
    delivery = new_delivery(await serve(script.answer), stopping=lambda: True)

    assert outcomes(await delivery.deliver(spots(5))) == {"accepted": 5}


async def test_a_cancelled_delivery_leaves_nothing_in_flight(serve, new_delivery, spots):
    script = Script(201, seconds=30)
    before = asyncio.all_tasks()
    task = asyncio.create_task(new_delivery(await serve(script.answer)).deliver(spots(30)))
    await asyncio.sleep(0.1)
    assert len(script.requests) == 20

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    ours = [one for one in asyncio.all_tasks() - before if "Delivery" in repr(one.get_coro())]
    assert ours == []


@pytest.mark.parametrize("size", [1, 3])
async def test_rows_of_one_request_id_follow_each_other_while_others_are_in_flight(
    serve, new_delivery, spots, size
):
    in_flight, seen, at_once = set(), [], []

    async def handler(request):
        records = await request.json()
        mine = {request.headers["X-Request-ID"]} if size == 1 else {
            one["request_id"] for one in records
        }  # fmt: skip
        at_once.extend(in_flight & mine)
        in_flight.update(mine)
        seen.extend(one["advertiser"] for one in (records if size > 1 else [records]))
        await asyncio.sleep(0.02)
        in_flight.difference_update(mine)
        if size == 1:
            return web.Response(status=201)
        return web.json_response([{"request_id": name, "status": 201} for name in mine])

    *others, first = spots(31)
    rows = [first._replace(line=n, advertiser=str(n)) for n in range(4)]
    url = await serve(handler, "/ingest/bulk" if size > 1 else "/ingest")
    delivery = new_delivery(url, concurrency=20, records_per_request=size)
    await delivery.deliver([*others, *rows, *others])

    assert not at_once
    assert [name for name in seen if name.isdigit()] == ["0", "1", "2", "3"]
