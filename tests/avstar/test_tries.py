"""What is known of a spot becomes its receipt or its dead letter."""

from datetime import datetime, timedelta, timezone
from typing import get_args

import pytest

from connectors.avstar.answer import Answer
from connectors.avstar.tries import Tries
from connectors.records import DeadLetter, Reason


@pytest.mark.parametrize(("duplicate", "outcome"), [(False, "accepted"), (True, "duplicate")])
def test_a_receipt_repeats_the_spot_and_says_what_was_answered(spot, duplicate, outcome):
    tries = Tries(spot)
    tries.attempts, tries.answer = 3, Answer(201, "")

    receipt = tries.receipt(duplicate=duplicate)

    assert receipt[:6] == (1, 0, "SP1", "KABC", "2026-11-24T05:30:00-05:00", spot.request_id)
    assert (receipt.outcome, receipt.status, receipt.attempts) == (outcome, 201, 3)
    assert receipt[-4:-1] == (spot.duration, spot.advertiser, spot.raw)


def test_a_receipt_is_dated_now_in_utc(spot):
    delivered = datetime.fromisoformat(Tries(spot).receipt(duplicate=False).delivered_at)

    assert delivered.utcoffset() == timedelta(0)
    assert abs(datetime.now(timezone.utc) - delivered) < timedelta(seconds=10)


def test_a_dead_letter_keeps_the_bytes_and_the_servers_words(spot):
    tries = Tries(spot)
    tries.attempts, tries.answer = 2, Answer(422, "duration: no")

    assert tries.dead_letter("rejected") == DeadLetter(
        1, 0, "rejected", "duration: no", 422, False, spot.request_id, 2, b"raw 1"
    )


@pytest.mark.parametrize("reason", get_args(Reason))
def test_only_what_may_yet_succeed_is_redrivable(spot, reason):
    redrivable = reason in {"circuit_open", "retries_exhausted"}

    assert Tries(spot).dead_letter(reason).redrivable == redrivable
