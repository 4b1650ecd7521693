"""Nights of bad stations and outages as chance makes them, in virtual time: what always holds."""

import asyncio
from random import Random

import pytest

from connectors.records import Receipt
from tests.avstar.night import FAILED, HOUR, Api
from tests.avstar.seen import Seen


def mixed(many, chance):
    """Give the spots stations in runs of all lengths; KBAD is the one that the API cannot take."""
    stations, mixed = ["KBAD", *(f"K{i}" for i in range(chance.randint(1, 20)))], []
    while len(mixed) < len(many):
        station, most = chance.choice([*stations, "KBAD"]), chance.choice([3, 60, 150])
        run = many[len(mixed) : len(mixed) + chance.randint(1, most)]
        mixed += [spot._replace(station=station) for spot in run]
    return mixed


@pytest.mark.parametrize("seed", range(60))
def test_every_night_ends_and_of_good_spots_only_what_was_in_flight_in_an_outage_is_parked(
    seed, virtually, virtual_delivery, spots
):
    chance, seen = Random(seed), Seen()
    before, *many = spots(chance.randint(2, 400))
    many = mixed(many, chance)
    begin = [chance.uniform(0, 1500) for _ in range(chance.randint(0, 2))]
    outages = [(began, began + chance.uniform(1, HOUR)) for began in begin]
    forgets = chance.random() < 0.5  # fails what it has of a bad station as well
    settings = {
        "concurrency": chance.choice([1, 3, 20]),
        "records_per_request": chance.choice([1, 1, 7]),
        "breaker_failures": chance.choice([1, 5]),
    }

    def fails(spot, now, known):
        out = any(began <= now < ended for began, ended in outages)
        bad = spot.station == "KBAD" and (forgets or not known)
        return FAILED if out or bad else None

    api = Api(fails)
    api.scheduled[before.request_id] = before

    async def night():
        size, settled = chance.choice([20, 50, 400]), []
        one = virtual_delivery(api, watch=seen, known=lambda: [before], **settings)
        for i in range(0, len(many), size):
            settled += await asyncio.wait_for(one.deliver(many[i : i + size]), 24 * HOUR)
        return settled, one.toll.breaker_openings

    settled, openings = virtually(night())

    assert [one.request_id for one in settled] == [spot.request_id for spot in many]
    delivered = {one.request_id for one in settled if isinstance(one, Receipt)}
    assert delivered <= api.scheduled.keys()
    lost = [spot for spot in many if spot.request_id not in delivered and spot.station != "KBAD"]
    assert len(lost) <= len(outages) * settings["concurrency"]
    assert len(seen.repeated_spots) <= openings
    assert sum(one.attempts for one in settled) == len(api.sent) - len(seen.repeated_spots)
