"""A delivered spot that is sent once more."""

import pytest

from connectors.avstar.answer import Answer
from connectors.avstar.repetition import Repetition
from connectors.avstar.tries import Tries
from tests.avstar.seen import Seen


@pytest.fixture
def delivered(spot):
    """Give a spot that took two attempts."""
    tries = Tries(spot)
    for status in (503, 201):
        tries.sends()
        tries.answered(Answer(status, ""), 1.0)
    return tries


@pytest.mark.parametrize("kept", [True, False])
def test_its_span_is_exported_where_the_spots_own_was_whatever_is_kept_now(delivered, kept):
    delivered.trail.kept = kept

    named = Repetition([delivered]).sends(lambda _: not kept, bulk=False)

    assert named == (delivered.spot.request_id, delivered.trail.sent[0], kept)


def test_who_looks_on_learns_of_a_request_and_of_no_attempt_at_a_spot_in_hand(delivered):
    again, seen = Repetition([delivered]), Seen()
    receipt = delivered.receipt(duplicate=False)
    again.sends(lambda _: False, bulk=False)

    again.answered(Answer(409, "known"), seen)

    [(request, count)], [(trail, attempt)] = seen.requests, seen.repeated_spots
    assert (request, count, trail) == (attempt, 1, delivered.trail)
    assert (attempt.status, attempt.number) == (409, 3)
    assert (seen.attempts, seen.settled_spots) == ([], [])
    assert receipt.attempts == 2


def test_in_a_bulk_request_it_is_one_spot_with_an_answer_of_its_own(delivered):
    again, seen = Repetition([delivered]), Seen()
    again.sends(lambda _: False, bulk=True)

    again.answered(Answer(200, "", each={again.name: Answer(500, "no")}), seen)

    [(request, _)], [(_, attempt)] = seen.requests, seen.repeated_spots
    assert (request.status, request.error) == (200, "")
    assert (attempt.status, attempt.error, attempt.detail) == (500, "500", "no")
    assert attempt.bulk_id
