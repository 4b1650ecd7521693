from connectors.records import DeadLetter, Receipt, Span, Tally
from dataflows.meter import Meter

SPAN = Span("day", "ab" * 32, "lane-0", 0, 1, 2)
RECEIPT = Receipt(1, 0, "SP1", "K", "t", "f" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw")
LETTER = DeadLetter(2, 9, "rejected", "", 400, False, "f" * 32, 1, b"raw")


def test_a_new_meter_stands_at_nothing() -> None:
    meter = Meter()
    assert (meter.done, meter.dead_letters, meter.quota_used) == (0, 0, 0)


def test_a_tally_settles_what_was_rejected_and_skipped() -> None:
    meter = Meter()
    meter.checked("count", Tally(SPAN, 10, 6, 3))
    assert (meter.validated, meter.skipped, meter.rejected) == (6, 3, 1)
    assert (meter.done, meter.dead_letters) == (4, 1)


def test_a_spot_is_done_when_it_is_settled() -> None:
    meter = Meter()
    meter.checked("count", Tally(SPAN, 2, 2, 0))
    meter.settled(RECEIPT, 0.25)
    meter.settled(LETTER, 0.5)
    assert (meter.delivered, meter.failed, meter.done) == (1, 1, 2)
    assert (meter.dead_letters, meter.quota_used) == (1, 0.5)


def test_spots_without_a_good_answer_are_counted_as_long_as_they_are_the_last() -> None:
    meter = Meter()
    parked = DeadLetter(1, 0, "circuit_open", "", 500, True, "f" * 32, 1, b"")
    refused = parked._replace(reason="rejected", redrivable=False)
    counts = []
    for one in (parked, parked, refused, parked):
        meter.settled(one, 0.5)
        counts.append(meter.unanswered)
    assert counts == [1, 2, 0, 1]
