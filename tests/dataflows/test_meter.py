from collections import Counter
from pathlib import Path

from connectors.avstar.breaker import State
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Spot, Tally
from connectors.trail import Attempt, Trail
from dataflows.instruments import INSTRUMENTS
from dataflows.meter import Meter

SPAN = Span("day", "ab" * 32, "lane-0", 100, 350, 2)
EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 1000, 10, (Split(0, 1000, 1),))
RECEIPT = Receipt(1, 0, "SP1", "K", "t", "f" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw")
LETTER = DeadLetter(2, 9, "rejected", "", 400, False, "f" * 32, 1, b"raw")
TRAIL = Trail(Spot(1, 0, "SP1", "K", "t", 30, "Acme", "f" * 32, b"raw"), "day", 0.0)


class Lane:
    """A lane at rest, with half of its quota used."""

    requests_in_flight, state, openings = 3, State.CLOSED, 2

    def quota_used(self) -> float:
        return 0.5

    def pause_left(self) -> float:
        return 0.0


def attempt(status: int | None, number: int = 1, seconds: float = 0.1) -> Attempt:
    return Attempt(1, number, 10.0, 10.0 + seconds, status, "", "")


def test_a_new_meter_stands_at_nothing() -> None:
    meter = Meter()
    assert (meter.done, meter.dead_letters, meter.quota_used, meter.in_hand) == (0, 0, 0, 0)
    assert meter.checkpointed() is None


def test_a_tally_settles_what_was_rejected_and_skipped() -> None:
    meter = Meter()
    meter.checked("count", Tally(SPAN, 10, 6, 3))
    assert (meter.validated, meter.skipped, meter.rejected) == (6, 3, 1)
    assert (meter.done, meter.dead_letters, meter.bytes_read) == (4, 1, 250)


def test_a_spot_is_done_when_it_is_settled() -> None:
    meter = Meter()
    meter.opened(Lane())
    meter.checked("count", Tally(SPAN, 4, 4, 0))
    meter.settled(TRAIL, RECEIPT)
    meter.settled(TRAIL, RECEIPT._replace(outcome="duplicate"))
    meter.settled(TRAIL, LETTER)
    assert (meter.delivered, meter.failed, meter.done, meter.in_hand) == (2, 1, 3, 1)
    assert (meter.dead_letters, meter.quota_used) == (1, 0.5)
    assert meter.outcomes == Counter({"accepted": 1, "duplicate": 1})


def test_nothing_is_in_hand_of_what_another_process_checked() -> None:
    meter = Meter()
    meter.opened(Lane())
    meter.settled(TRAIL, RECEIPT)
    assert meter.in_hand == 0
    assert meter.settled_records is None


def test_a_check_is_through_with_a_record_when_it_is_checked() -> None:
    meter = Meter()
    meter.expect([EXPORT], 0, [], validating=True)
    meter.checked("count", Tally(SPAN, 4, 3, 0))
    assert (meter.progress, meter.in_hand) == (4, 0)


def test_the_reasons_of_all_dead_letters_are_counted_together() -> None:
    meter = Meter()
    meter.refused("reasons", Batch(SPAN, [LETTER._replace(reason="schema")]))
    meter.settled(TRAIL, LETTER)
    assert +meter.reasons == Counter({"schema": 1, "rejected": 1})


def test_attempts_are_counted_by_the_class_of_the_answer() -> None:
    meter = Meter()
    for number, status in enumerate([201, 409, 429, 401, 503, None], 1):
        meter.requested(attempt(status, number), 1)
    assert meter.attempts == Counter({"2xx": 1, "4xx": 3, "5xx": 1, "none": 1})
    assert (meter.retries, meter.throttled, meter.refused_tokens) == (5, 1, 1)


def test_a_repetition_is_a_request_and_told_apart() -> None:
    meter = Meter()
    meter.requested(attempt(201), 1)
    meter.requested(attempt(409, 2), 1)
    meter.repeated(TRAIL, attempt(409, 2))
    assert (meter.attempts.total(), meter.retries, meter.repetitions) == (2, 1, 1)


def test_what_records_of_a_good_bulk_answer_failed_of_is_a_trouble_too() -> None:
    meter = Meter()
    meter.requested(attempt(200), 2)
    meter.settled(TRAIL, LETTER._replace(reason="retries_exhausted", redrivable=True, detail="why"))

    assert (meter.trouble, meter.unanswered) == ("why", 1)


def test_the_age_of_a_checkpoint_is_that_of_its_file(tmp_path: Path) -> None:
    meter, file = Meter(), tmp_path / ".checkpoint"
    meter.expect([EXPORT], 3, [file, tmp_path / "none"], validating=False)
    assert meter.checkpointed() is None
    file.touch()
    assert meter.checkpointed() == file.stat().st_mtime
    assert (meter.total_records, meter.total_bytes, meter.before) == (10, 1000, 3)


def test_spots_without_a_good_answer_are_counted_as_long_as_they_are_the_last() -> None:
    meter = Meter()
    parked = DeadLetter(1, 0, "circuit_open", "", 500, True, "f" * 32, 1, b"")
    refused = parked._replace(reason="rejected", redrivable=False)
    counts = []
    for one in (parked, parked, refused, parked):
        meter.settled(TRAIL, one)
        counts.append(meter.unanswered)
    assert counts == [1, 2, 0, 1]


def test_at_rest_counts_stand_and_nothing_that_looks_like_work_under_way(tmp_path: Path) -> None:
    meter, lane = Meter(), Lane()
    lane.state = State.OPEN
    meter.opened(lane)
    meter.expect([EXPORT], 0, [tmp_path], validating=False)
    meter.checked("count", Tally(SPAN, 4, 4, 0))
    meter.settled(TRAIL, RECEIPT)
    before = {one.name: one.values(meter) for one in INSTRUMENTS}
    meter.rest()
    after = {one.name: one.values(meter) for one in INSTRUMENTS}
    counters = [one.name for one in INSTRUMENTS if one.kind == "counter"]
    assert {name: before[name] for name in counters} == {name: after[name] for name in counters}
    told = {name: values for name, values in after.items() if name not in counters}
    assert not any(value for values in told.values() for value in values.values())
    gone = ("export_records", "export_bytes", "settled_records", "checkpoint_age_seconds")
    assert all(before[f"avstar_{name}"] and not after[f"avstar_{name}"] for name in gone)
