"""The spots that go in one request."""

import asyncio

import pytest

from connectors.avstar.answer import Answer
from connectors.avstar.parcel import Parcel
from connectors.avstar.request import bulk_id
from connectors.avstar.tries import Tries
from tests.avstar.seen import Seen


def parcel(spots, number):
    return Parcel([Tries(spot, place=i) for i, spot in enumerate(spots(number))])


@pytest.mark.parametrize(
    ("number", "pieces"),
    [(2, [1, 1]), (3, [1, 1, 1]), (4, [1, 1, 2]), (5, [1, 2, 2]), (1000, [1, 499, 500])],
)
def test_divided_it_is_one_spot_and_two_halves_of_the_rest(spots, number, pieces):
    whole = parcel(spots, number)
    whole.openings = 3

    divided = whole.divided()

    assert [len(piece) for piece in divided] == pieces
    assert [tries for piece in divided for tries in piece.tries] == whole.tries
    assert {piece.openings for piece in divided} == {None}, "an open breaker parks none of them"


def test_the_first_spot_probes_for_the_others(spots):
    whole = parcel(spots, 4)
    every = whole.tries

    [rest] = whole.others()

    assert [*whole.tries, *rest.tries] == every
    assert len(whole) == 1
    assert whole.others() == []


def test_it_has_failed_as_often_as_the_spot_that_did_most(spots):
    whole = parcel(spots, 3)
    whole.tries[1].failures = 2

    assert whole.failures == 2


def test_its_request_bears_the_span_of_a_spot_that_is_traced_if_there_is_one(spots):
    whole = parcel(spots, 3)
    second = whole.tries[1].trail

    named = whole.sends(lambda trail: trail is second, bulk=True)

    assert (named.trace, named.sampled) == (second.spot.request_id, True)
    assert second.sent[0] == named.span
    assert {tries.trail.sent[-1] for tries in whole.tries} == {bulk_id(whole.spots)}
    assert whole.sends(lambda _: False, bulk=True)[:1] == (whole.tries[0].spot.request_id,)
    assert [tries.attempts for tries in whole.tries] == [2, 2, 2]


def test_who_looks_on_learns_of_one_request_and_of_each_spot_in_it(spots):
    whole, seen = parcel(spots, 2), Seen()
    whole.tries[1].attempts = 4
    one, other = (tries.spot.request_id for tries in whole.tries)
    whole.sends(lambda _: False, bulk=True)

    whole.answered(Answer(200, "", each={one: Answer(201, ""), other: Answer(422, "bad")}), seen)

    [(request, count)] = seen.requests
    assert (request.status, request.error, request.number, count) == (200, "", 5, 2)
    assert [attempt.status for _, attempt in seen.attempts] == [201, 422]
    assert [tries.answer.status for tries in whole.tries] == [201, 422]


def test_a_wait_is_noted_for_each_spot(spots):
    whole = parcel(spots, 2)

    asyncio.run(whole.waits("backoff", asyncio.sleep(0.01)))

    assert [step.why for tries in whole.tries for step in tries.trail.steps] == ["backoff"] * 2


def test_alone_and_not_in_bulk_a_spot_has_no_bulk_id(spots):
    one = parcel(spots, 1)

    one.sends(lambda _: False, bulk=False)

    assert one.tries[0].trail.sent[-1] == ""
