import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.effort import Effort
from connectors.ledger.counts import MOST_MINUTES, Counts
from connectors.records import REJECTIONS, Batch, DeadLetter, Reason, Receipt, Span, Tally

SPAN = Span("day.ndjson.0123456789ab", "0" * 64, "lane-0", 0, 10, 2)


def receipt(outcome: str) -> Receipt:
    return Receipt(1, 0, "SP1", "KABC", "now", "f" * 32, outcome, 201, 1, "now", 30, "Acme", b"raw")


def letter(reason: Reason) -> DeadLetter:
    return DeadLetter(1, 0, reason, "why", None, False, None, 0, b"raw")


def batch(*records: Receipt | DeadLetter) -> Batch:
    return Batch(SPAN, records)


def test_counts_begin_at_nothing() -> None:
    assert Counts().settled == Counts().dead_lettered == Counts().records == 0


def test_a_tally_says_what_was_read_and_settles_only_what_it_skipped() -> None:
    counts = Counts()
    counts.add(Tally(SPAN, 10, 6, 3))
    assert (counts.records, counts.valid, counts.skipped) == (10, 6, 3)
    assert counts.settled == 3


def test_receipts_are_counted_by_outcome() -> None:
    counts = Counts()
    counts.add(batch(receipt("accepted"), receipt("duplicate"), receipt("accepted")))
    assert (counts.accepted, counts.duplicates, counts.settled) == (2, 1, 3)


def test_dead_letters_are_counted_by_reason() -> None:
    counts = Counts()
    counts.add(batch(letter("schema"), letter("rejected"), letter("schema")))
    assert counts.reasons == {"schema": 2, "rejected": 1}
    assert (counts.dead_lettered, counts.rejected, counts.failed) == (3, 2, 1)


def test_attempts_are_those_of_all_records_and_parked_are_those_of_the_breaker() -> None:
    counts = Counts()
    counts.add(batch(receipt("accepted"), receipt("duplicate")._replace(attempts=5)))
    counts.add(batch(letter("circuit_open")._replace(attempts=2), letter("schema")))
    assert (counts.attempts, counts.parked) == (8, 1)


def test_efforts_are_added_up_and_settle_nothing() -> None:
    counts = Counts()
    for _ in range(2):
        counts.add(Effort(SPAN, 10, 12, 1, 2, 3, 0.25, 60.5, 4, 1.5))
    assert (counts.tried, counts.throttled, counts.breaker_openings) == (20, 4, 6)
    assert (counts.paused_seconds, counts.breaker_seconds) == (0.5, 121.0)
    assert counts.token_renewals == 8
    assert (counts.settled, counts.attempts, counts.parked) == (0, 0, 0)


def test_what_held_delivery_up_is_noted_by_the_minute_and_nothing_else_is() -> None:
    counts = Counts()
    counts.mark(Effort(SPAN, 10, 12, 0, 0, 0, 0.0, 0.0, 4, 1.5), "2026-11-24T05:29")
    for _ in range(2):
        counts.mark(Effort(SPAN, 10, 12, 0, 2, 1, 0.1, 60.5, 0, 1.5), "2026-11-24T05:30")
    assert counts.held_up == {"2026-11-24T05:30": [4, 0.2, 2, 121.0]}
    before = counts.as_dict()
    counts.mark(Effort(SPAN, 10, 12, 0, 1, 0, 0.0, 0.0, 0, 1.5), "2026-11-24T05:30")
    assert before["held_up"] == {"2026-11-24T05:30": [4, 0.2, 2, 121.0]}
    assert Counts.from_dict(before).held_up == before["held_up"]


def test_only_so_many_minutes_are_told_apart_and_none_is_lost() -> None:
    counts = Counts()
    for minute in range(MOST_MINUTES + 5):
        counts.mark(Effort(SPAN, 1, 1, 0, 1, 0, 0.0, 0.0, 0, 0.0), f"{minute:05}")
    assert len(counts.held_up) == MOST_MINUTES
    assert sum(values[0] for values in counts.held_up.values()) == MOST_MINUTES + 5


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_is_either_a_rejection_or_a_failure(reason: Reason) -> None:
    counts = Counts()
    counts.add(batch(letter(reason)))
    assert (counts.rejected, counts.failed) == ((1, 0) if reason in REJECTIONS else (0, 1))


@pytest.mark.parametrize(
    ("counts", "uploaded", "consistent"),
    [
        (Counts(), True, True),
        (Counts(records=3, valid=2, skipped=1, accepted=2), True, True),
        (Counts(records=2, valid=2, accepted=1, duplicates=1), True, True),
        (Counts(records=2, valid=2, accepted=1), True, False),
        (Counts(records=2, valid=2, accepted=3), True, False),
        (Counts(records=3, valid=2, accepted=2), True, False),
        (Counts(records=2, valid=2), False, True),
        (Counts(records=2, valid=2, accepted=1), False, False),
    ],
)
def test_counts_are_consistent_if_each_record_is_accounted_for_once(
    counts: Counts, *, uploaded: bool, consistent: bool
) -> None:
    assert counts.is_consistent(uploaded=uploaded) is consistent


def test_a_failed_spot_is_accounted_for_by_its_dead_letter() -> None:
    counts = Counts(records=2, valid=1)
    counts.add(batch(letter("not_json"), letter("rejected")))
    assert counts.is_consistent(uploaded=True)


@given(st.lists(st.sampled_from(["accepted", "duplicate", *get_args(Reason)])))
def test_counts_survive_the_store(kinds: list[str]) -> None:
    counts = Counts()
    counts.add(Tally(SPAN, len(kinds), 0, 0))
    counts.add(Effort(SPAN, 1, 1, 0, 1, 1, 0.1, 0.1, 1, 0.1))
    for kind in kinds:
        known = kind in get_args(Reason)
        counts.add(batch(letter(kind) if known else receipt(kind)))
    plain = pickle.loads(pickle.dumps(counts.as_dict()))
    assert type(plain["reasons"]) is dict
    assert Counts.from_dict(plain) == counts
    assert counts.settled == len(kinds)


def test_counts_taken_back_count_on() -> None:
    before = Counts()
    before.add(batch(letter("schema")))
    values = before.as_dict()
    after = Counts.from_dict(values)
    after.add(batch(letter("schema"), letter("encoding")))
    assert after.reasons == {"schema": 2, "encoding": 1}
    assert values["reasons"] == {"schema": 1}
