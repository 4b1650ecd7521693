"""Spots that the API cannot take, more of them in a row than are in hand, in virtual time."""

import asyncio
import logging

import pytest

from connectors.avstar.answer import Answer
from connectors.avstar.token import Token
from connectors.errors import HaltedError, StoppedError
from connectors.records import Receipt
from tests.avstar.night import FAILED, HOUR, Api
from tests.avstar.seen import Seen

REFUSED = Answer(None, "connection failed: refused")


def split(settled):
    """Give what was delivered and what was not, by request ID, and why."""
    delivered = {one.request_id for one in settled if isinstance(one, Receipt)}
    letters = {one.request_id: one.reason for one in settled if not isinstance(one, Receipt)}
    return delivered, letters


def a_station(many, where, name="KBAD"):
    return [one._replace(station=name) if i in where else one for i, one in enumerate(many)]


def ids(spots, station):
    return {spot.request_id for spot in spots if spot.station == station}


def fails_station(spot, _now, _known):
    return FAILED if spot.station == "KBAD" else None


async def deliver(delivery, many, most):
    """Give what was settled and when, of a delivery that has to end by then."""
    settled = await asyncio.wait_for(delivery.deliver(many), most)
    return settled, asyncio.get_running_loop().time()


@pytest.mark.parametrize("fails", [FAILED, REFUSED])
@pytest.mark.parametrize("together", [1, 10])
def test_a_station_that_the_api_cannot_take_costs_its_own_spots_and_no_night(
    fails, together, virtually, virtual_delivery, spots
):
    many, seen = a_station(spots(600), range(200, 400)), Seen()
    api = Api(lambda spot, _, __: fails if spot.station == "KBAD" else None)

    async def night():
        one = virtual_delivery(api, watch=seen, records_per_request=together)
        return await deliver(one, many, HOUR), one.toll.breaker_openings

    (settled, took), openings = virtually(night())

    delivered, letters = split(settled)
    assert letters.keys() == ids(many, "KBAD")
    assert delivered == ids(many, "KABC") == api.scheduled.keys()
    assert set(letters.values()) <= {"circuit_open", "retries_exhausted"}
    assert took < 20 * 60, "all in hand a pause"
    assert sum(one.attempts for one in settled) == len(api.sent) - len(seen.repeated_spots)
    assert 0 < len(seen.repeated_spots) <= openings
    assert all(one.attempts == 1 for one in settled if together == 1 and isinstance(one, Receipt))


def test_of_an_outage_of_hours_among_bad_spots_only_what_was_in_flight_is_parked(
    virtually, virtual_delivery, spots
):
    """The bad ones are lost in any case; the outage costs twenty others."""
    many = a_station(a_station(spots(900), range(100, 130)), range(500, 530))
    began, ended = 40.0, 5 * HOUR

    async def night():
        api = Api(
            lambda spot, now, _: FAILED if spot.station == "KBAD" or began <= now < ended else None
        )
        return await deliver(virtual_delivery(api), many, ended + HOUR)

    settled, took = virtually(night())

    _, letters = split(settled)
    assert letters.keys() >= ids(many, "KBAD")
    others = letters.keys() - ids(many, "KBAD")
    assert len(others) <= 20
    assert {letters[one] for one in others} <= {"circuit_open"}
    assert took < ended + 15 * 60


@pytest.mark.parametrize("last", [3, 15])
def test_the_last_spots_of_a_batch_wait_for_the_end_of_an_outage_where_it_has_delivered(
    last, virtually, virtual_delivery, spots
):
    first, second = spots(100)[:80], spots(100 + last)[100:]

    async def night():
        api = Api(lambda _, now, __: FAILED if 60 <= now < 12 * HOUR else None)
        one = virtual_delivery(api, concurrency=2)
        assert split(await one.deliver(first))[1] == {}
        await asyncio.sleep(60)
        return await deliver(one, second, 13 * HOUR)

    settled, took = virtually(night())

    _, letters = split(settled)
    assert len(letters) <= 2
    assert set(letters.values()) <= {"circuit_open"}
    assert took > 12 * HOUR


def test_an_api_that_takes_nothing_new_costs_twenty_spots_a_pause_and_not_the_export(
    virtually, virtual_delivery, spots
):
    """Its database can only be read, say: what it has it knows, so the others look bad."""
    many = spots(6000)

    async def night():
        api = Api(lambda _, now, known: FAILED if 60 <= now < HOUR and not known else None)
        one = virtual_delivery(api)
        return await deliver(one, many, 3 * HOUR), one.toll.breaker_openings

    (settled, _), openings = virtually(night())

    _, letters = split(settled)
    assert openings <= 62
    assert len(letters) <= 20 * openings < len(many) / 4
    assert set(letters.values()) == {"circuit_open"}


def test_a_spot_of_a_station_that_has_gone_bad_since_is_not_the_only_one_that_is_asked(
    virtually, virtual_delivery, spots
):
    many = a_station(spots(400), range(20), "KGOOD")
    many = a_station(many, range(20, 300), "KBAD")
    api = Api(lambda spot, now, _: FAILED if spot.station == "KBAD" and now >= 15 else None)

    async def night():
        return await deliver(virtual_delivery(api), many, HOUR)

    settled, _ = virtually(night())

    delivered, letters = split(settled)
    assert ids(many, "KBAD") & delivered, "it is one that Avstar has, too"
    assert letters.keys() < ids(many, "KBAD")
    assert delivered >= ids(many, "KABC") | ids(many, "KGOOD")


@pytest.mark.parametrize("knows", [True, False])
def test_where_the_lane_has_delivered_nothing_it_is_told_what_avstar_has(
    knows, virtually, virtual_delivery, spots
):
    """So is a run that sends again what an earlier one parked."""
    known, *many = spots(101)
    many, asked = a_station(many, range(100)), []
    api = Api(fails_station)
    api.scheduled[known.request_id] = known

    def before():
        asked.append(1)
        return [known] if knows else []

    async def night():
        return await deliver(virtual_delivery(api, known=before), many, HOUR)

    if not knows:  # nobody can tell it from an outage
        with pytest.raises(asyncio.TimeoutError):
            virtually(night())
        assert asked == [1]
        return
    settled, _ = virtually(night())
    delivered, letters = split(settled)
    assert (delivered, letters.keys()) == (set(), ids(many, "KBAD"))
    assert asked == [1]


def test_a_repetition_changes_no_receipt_and_is_told_apart(
    virtually, virtual_delivery, spots, caplog
):
    caplog.set_level(logging.WARNING, "connectors.avstar.events")
    many, seen, api = a_station(spots(200), range(60, 120)), Seen(), Api(fails_station)

    async def night():
        return await deliver(virtual_delivery(api, watch=seen), many, HOUR)

    settled, _ = virtually(night())

    receipts = {one.request_id: one for one in settled if isinstance(one, Receipt)}
    assert {(one.outcome, one.status, one.attempts) for one in receipts.values()} == {
        ("accepted", 201, 1)
    }
    for trail, attempt in seen.repeated_spots:
        assert trail.spot.request_id in receipts
        assert attempt.status == 409
        assert attempt in trail.steps
    told = [one for one in caplog.records if one.message == "delivered spot repeated"]
    assert [(one.request_id, one.status, one.attempt) for one in told] == [
        (trail.spot.request_id, 409, attempt.number) for trail, attempt in seen.repeated_spots
    ]
    assert len(seen.requests) == len(seen.attempts) + len(seen.repeated_spots)


def test_asked_to_stop_while_a_repetition_is_due_it_leaves(virtually, virtual_delivery, spots):
    many = a_station(spots(200), range(60, 120))

    async def night():
        clock = asyncio.get_running_loop().time
        one = virtual_delivery(Api(fails_station), stopping=lambda: clock() > 100)
        try:
            await one.deliver(many)
        finally:
            assert clock() < 300

    with pytest.raises(StoppedError, match="during a pause"):
        virtually(night())


def test_a_token_that_a_repetition_finds_expired_is_renewed(virtually, virtual_delivery, spots):
    many, api = a_station(spots(200), range(60, 120)), Api(fails_station)

    class Issuer:
        issued = 0

        async def fetch(self):
            self.issued += 1
            return Token(f"t{self.issued}")

    issuer, seen = Issuer(), Seen()

    async def night():
        loop = asyncio.get_running_loop()
        loop.call_later(100, setattr, api, "good_token", "t2")  # between two probes
        return await deliver(virtual_delivery(api, token=issuer, watch=seen), many, HOUR)

    delivered, letters = split(virtually(night())[0])
    assert (delivered, letters.keys()) == (ids(many, "KABC"), ids(many, "KBAD"))
    assert issuer.issued == 2
    assert seen.repeated_spots[0][1].status == 401


def test_an_api_that_forbids_a_repetition_halts_the_run(virtually, virtual_delivery, spots):
    many = a_station(spots(200), range(60, 120))
    no = Answer(403, "no longer")
    api = Api(lambda spot, now, known: no if known else fails_station(spot, now, known))

    async def night():
        await virtual_delivery(api).deliver(many)

    with pytest.raises(HaltedError, match="answered 403"):
        virtually(night())


@pytest.mark.parametrize("answer", [Answer(404, "gone"), Answer(422, "too late to schedule")])
def test_an_answer_of_any_kind_to_a_repetition_shows_that_the_api_is_well(
    answer, virtually, virtual_delivery, spots
):
    many = a_station(spots(200), range(60, 120))
    api = Api(lambda spot, now, known: answer if known else fails_station(spot, now, known))

    async def night():
        return await deliver(virtual_delivery(api), many, HOUR)

    delivered, letters = split(virtually(night())[0])
    assert (delivered, letters.keys()) == (ids(many, "KABC"), ids(many, "KBAD"))


def test_bad_spots_here_and_there_are_none_of_its_business(virtually, virtual_delivery, spots):
    many, seen = a_station(spots(600), range(0, 600, 3)), Seen()

    async def night():
        return await deliver(virtual_delivery(Api(fails_station), watch=seen), many, 2 * HOUR)

    delivered, letters = split(virtually(night())[0])
    assert (delivered, letters.keys()) == (ids(many, "KABC"), ids(many, "KBAD"))
