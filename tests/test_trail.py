import re

import pytest

from connectors.records import Spot
from connectors.trail import Attempt, Trail, Wait, new_span, trace_of_record

SPOT = Spot(1, 0, "SP1", "K", "t", 30, "Acme", "f" * 32, b"raw")


@pytest.fixture
def trail() -> Trail:
    return Trail(SPOT, "day.ndjson", 1.0)


def test_a_trail_tells_waits_and_attempts_in_order(trail: Trail) -> None:
    trail.waited("quota", 1.0, 2.0)
    span = trail.sends(1, 2.0)
    trail.answered(503, "503", "busy", 2.5)
    trail.waited("backoff", 2.5, 3.0)
    assert trail.steps == [
        Wait("quota", 1.0, 2.0),
        Attempt(span, 1, 2.0, 2.5, 503, "503", "busy"),
        Wait("backoff", 2.5, 3.0),
    ]
    assert trail.last
    assert (trail.last.span, trail.last.seconds) == (span, 0.5)


def test_a_wait_that_nobody_feels_is_none(trail: Trail) -> None:
    trail.waited("quota", 1.0, 1.0009)
    assert trail.steps == []
    assert trail.last is None


def test_an_abandoned_request_is_an_attempt_without_an_answer(trail: Trail) -> None:
    trail.abandon(2.0)
    assert trail.steps == []
    trail.sends(1, 2.0)
    trail.abandon(5.0)
    trail.abandon(6.0)
    (attempt,) = trail.steps
    assert (attempt.ended, attempt.status, attempt.error) == (5.0, None, "abandoned")


def test_span_ids_are_sixteen_digits_and_never_the_same() -> None:
    spans = {new_span() for _ in range(10_000)}
    assert len(spans) == 10_000
    assert all(0 < span < 2**64 for span in spans)


def test_the_trace_of_a_record_is_its_own_and_the_same_in_every_run() -> None:
    checksums = ("ab" * 32, "cd" * 32)
    traces = [trace_of_record(checksum, offset) for checksum in checksums for offset in range(100)]
    assert len(set(traces)) == 200
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in traces)
    assert trace_of_record("ab" * 32, 298) == "cfe0eaa9ef725f916cdfc9611a4e1664"
