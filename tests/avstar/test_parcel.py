"""The spots that go in one request."""

import asyncio

from connectors.avstar.answer import Answer
from connectors.avstar.parcel import Parcel
from connectors.avstar.tries import Tries
from tests.avstar.seen import Seen


def parcel(spots, *numbers):
    return Parcel([Tries(spot, place=i) for i, spot in enumerate(spots(max(numbers)))], openings=3)


def test_halves_hold_all_spots_once_and_the_state_of_the_breaker(spots):
    whole = parcel(spots, 5)

    first, second = whole.halves()

    assert (len(first), len(second)) == (3, 2)
    assert [*first.tries, *second.tries] == whole.tries
    assert (first.openings, second.openings) == (3, 3)


def test_backoff_grows_with_divisions_as_it_does_with_failures(spots):
    whole = parcel(spots, 4)
    assert whole.failures == 1

    half = whole.halves()[0].halves()[0]
    assert half.failures == 2
    half.tries[0].failures = 3
    assert half.failures == 5


def test_its_request_bears_the_span_of_a_spot_that_is_traced_if_there_is_one(spots):
    whole = parcel(spots, 3)
    second = whole.tries[1].trail

    named = whole.sends(lambda trail: trail is second)

    assert (named.trace, named.sampled) == (second.spot.request_id, True)
    assert second.under_way.span == named.span
    assert whole.sends(lambda _: False)[:1] == (whole.tries[0].spot.request_id,)
    assert [tries.attempts for tries in whole.tries] == [2, 2, 2]


def test_who_looks_on_learns_of_one_request_and_of_each_spot_in_it(spots):
    whole, seen = parcel(spots, 2), Seen()
    whole.tries[1].attempts = 4
    one, other = (tries.spot.request_id for tries in whole.tries)
    whole.sends(lambda _: False)

    whole.answered(Answer(200, "", each={one: Answer(201, ""), other: Answer(422, "bad")}), seen)

    [(request, count)] = seen.requests
    assert (request.status, request.error, request.number, count) == (200, "", 5, 2)
    assert [attempt.status for _, attempt in seen.attempts] == [201, 422]
    assert [tries.answer.status for tries in whole.tries] == [201, 422]


def test_a_wait_is_noted_for_each_spot(spots):
    whole = parcel(spots, 2)

    asyncio.run(whole.waits("backoff", asyncio.sleep(0.01)))

    assert [step.why for tries in whole.tries for step in tries.trail.steps] == ["backoff"] * 2
