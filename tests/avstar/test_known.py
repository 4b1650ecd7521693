"""Spots that Avstar has tell an unwell API from bad spots."""

import pytest

from connectors.avstar.known import MOST_STATIONS, Known
from connectors.avstar.outcome import Verdict
from connectors.avstar.tries import Tries

WELL = [verdict for verdict in Verdict if verdict not in (Verdict.TRANSIENT, Verdict.THROTTLED)]


def of_stations(spots, *stations):
    return [
        Tries(spot._replace(station=station))
        for spot, station in zip(spots(len(stations)), stations, strict=True)
    ]


def repeated(known):
    again = known.repetition()
    return again and again.tries[0]


def test_nothing_is_repeated_while_there_is_no_doubt(spots):
    known = Known()
    (tries,) = of_stations(spots, "KABC")
    known.delivered(tries)

    assert known.repetition() is None
    known.doubt()
    assert repeated(known) is tries


def test_where_nothing_is_known_nothing_can_be_repeated():
    known = Known()
    known.doubt()

    assert not known
    assert known.repetition() is None


@pytest.mark.parametrize("verdict", WELL)
def test_an_answer_that_shows_the_api_well_leaves_the_doubt_in_those_that_fail(spots, verdict):
    known = Known()
    known.delivered(*of_stations(spots, "KABC"))
    known.doubt()
    known.told(verdict)

    assert known.repetition()


@pytest.mark.parametrize("verdict", [Verdict.TRANSIENT, Verdict.THROTTLED])
def test_after_a_repetition_that_fails_a_fresh_spot_probes(spots, verdict):
    known = Known()
    known.delivered(*of_stations(spots, "KABC"))
    known.doubt()
    known.told(verdict)

    assert known.repetition() is None
    known.doubt()
    assert known.repetition()


def test_a_spot_that_is_accepted_ends_the_doubt(spots):
    known = Known()
    first, second = of_stations(spots, "KABC", "KABC")
    known.delivered(first)
    known.doubt()
    known.delivered(second)

    assert known.repetition() is None


def test_the_last_spot_of_each_station_has_its_turn(spots):
    known = Known()
    tries = of_stations(spots, "A", "B", "A", "C")
    for one in tries:
        known.delivered(one)
    known.doubt()

    assert [repeated(known) for _ in range(6)] == 2 * [tries[2], tries[1], tries[3]]


def test_no_more_are_kept_than_are_of_use(spots):
    known = Known()
    tries = of_stations(spots, *(f"K{i}" for i in range(MOST_STATIONS + 5)))
    for one in tries:
        known.delivered(one)
    known.doubt()

    assert {repeated(known) for _ in range(100)} == set(tries[5:])


def test_what_was_delivered_before_is_asked_for_once_and_only_in_need(spots):
    asked = []

    def before():
        asked.append(1)
        return spots(1)

    known = Known(before)
    known.delivered(*of_stations(spots, "KABC"))
    assert known
    assert asked == []
    known = Known(before)
    known.doubt()
    assert repeated(known).spot == spots(1)[0]
    assert repeated(known)
    assert asked == [1]
