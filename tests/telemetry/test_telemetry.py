"""What is sent of a delivery, as the SDK's own exporters in memory hold it."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from connectors.records import Batch, DeadLetter, Receipt, Span, Spot
from connectors.telemetry import (
    About,
    Answers,
    Counts,
    Panel,
    Pipe,
    Reading,
    Telemetry,
    TelemetrySettings,
)
from connectors.telemetry.carrier import envelope
from connectors.trail import Trail, trace_of_record
from tests.telemetry.readable import readable

REQUEST_ID = "ab" * 16
SPOT = Spot(7, 100, "SP1", "KABC", "2026-11-24T05:30:00-05:00", 30, "Acme", REQUEST_ID, b"raw")
LETTER = DeadLetter(7, 100, "rejected", "duration: no", 422, False, REQUEST_ID, 1, b"raw")
READINGS = [
    Reading("avstar_retries_total", "counter", "Again", "1", "", lambda: {"": 3}),
    Reading("avstar_breaker_lanes", "gauge", "Lanes", "1", "state", lambda: {"open": 1}),
]
PANEL = Panel(
    READINGS, Answers("avstar_answer_seconds", "Answers", (0.1, 1.0), lambda: ((0, 2, 0), 1.0))
)


class Memory:
    """Exporters that keep what they get."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.sent_records: list[ReadableLogRecord] = []
        self.reader = InMemoryMetricReader()

    def spans(self, resource: Resource) -> Callable[[Sequence[bytes]], bool]:
        seal = envelope(resource)

        def send(spans: Sequence[bytes]) -> bool:
            return self.exporter.export(readable(seal(spans))) is SpanExportResult.SUCCESS

        return send

    def records(self) -> Callable[[Sequence[ReadableLogRecord]], bool]:
        return lambda records: not self.sent_records.extend(records)

    def metrics(self, complete: Callable[[Any], Any]) -> InMemoryMetricReader:
        self.complete = complete
        return self.reader

    def close(self) -> None:
        pass

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]


def opened(ratio: float = 0.0, **settings: Any) -> tuple[Telemetry, Any, Memory]:
    memory = Memory()
    chosen = TelemetrySettings(ratio=ratio, **settings)
    about = About("http://api.example:8080/v1/ingest", "1.2", {"avstar.workers": 2})
    telemetry = Telemetry(chosen, memory, about, Counts())
    return telemetry, telemetry.open(PANEL), memory


def receipt(attempts: int) -> Receipt:
    return Receipt(
        7,
        100,
        "SP1",
        "KABC",
        SPOT.airtime,
        REQUEST_ID,
        "accepted",
        201,
        attempts,
        "now",
        30,
        "",
        b"",
    )


def sent(watch: Any, *statuses: int | None, seconds: float = 0.01) -> Trail:
    """Walk a spot through attempts with these answers; each takes so long."""
    trail = Trail(SPOT, "day.ndjson", 10.0)
    for number, status in enumerate(statuses, 1):
        watch.keeps(trail)
        trail.sends(number, 10.0 + number)
        error = "timeout" if status is None else str(status) if status >= 400 else ""
        attempt = trail.answered(status, error, "words" if error else "", 10.0 + number + seconds)
        watch.attempted(trail, attempt)
    return trail


def test_a_good_spot_that_is_not_sampled_leaves_nothing() -> None:
    telemetry, watch, memory = opened()
    watch.settled(sent(watch, 201), receipt(1))
    telemetry.close()
    assert {span.name for span in memory.exporter.get_finished_spans()} == {"start run", "run"}


def test_a_sampled_spot_is_told_as_such_from_its_first_attempt() -> None:
    telemetry, watch, memory = opened(1.0)
    trail = Trail(SPOT, "day.ndjson", 10.0)
    assert watch.keeps(trail)
    telemetry.close()
    telemetry, watch, memory = opened(0.0)
    assert not watch.keeps(Trail(SPOT, "day.ndjson", 10.0))
    telemetry.close()
    assert not memory.named("deliver spot")


def test_what_finds_no_place_is_counted_and_nothing_is_written_for_it() -> None:
    counts, memory = Counts(), Memory()
    settings = TelemetrySettings(ratio=1.0, spans=Pipe(queue=2, batch=2, delay=3600))
    telemetry = Telemetry(settings, memory, About("http://api.example", "1", {}), counts)
    watch = telemetry.open(PANEL)
    assert telemetry._outbox
    telemetry._outbox.put = lambda *_: pytest.fail("written")  # type: ignore[method-assign]
    for _ in range(3):
        watch.settled(sent(watch, 201), receipt(1))
    assert counts.met("dropped")["spans"] == 6
    telemetry._outbox.close(0)


def test_a_spot_sent_again_is_kept_from_then_on_with_its_first_attempt() -> None:
    telemetry, watch, memory = opened()
    trail = Trail(SPOT, "day.ndjson", 10.0)
    assert not watch.keeps(trail)
    trail.sends(1, 11.0)
    watch.attempted(trail, trail.answered(503, "503", "busy", 11.5))
    trail.waited("backoff", 11.5, 12.0)
    assert watch.keeps(trail)
    span = trail.sends(2, 12.0)
    watch.attempted(trail, trail.answered(201, "", "", 12.25))
    watch.settled(trail, receipt(2))
    telemetry.close()

    first, second = memory.named("POST")
    (spot,), (wait,) = memory.named("deliver spot"), memory.named("backoff")
    assert {one.context.trace_id for one in (first, second, spot, wait)} == {int(REQUEST_ID, 16)}
    assert {one.parent.span_id for one in (first, second, wait)} == {spot.context.span_id}
    assert second.context.span_id == span
    assert (first.kind, first.status.status_code) == (SpanKind.CLIENT, StatusCode.ERROR)
    assert first.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 503,
        "server.address": "api.example",
        "server.port": 8080,
        "url.full": "http://api.example:8080/v1/ingest",
        "error.type": "503",
    }
    assert second.attributes["http.request.resend_count"] == 1
    assert second.status.status_code is StatusCode.UNSET
    assert second.end_time - second.start_time == 250_000_000
    assert spot.attributes["avstar.attempts"] == 2
    assert [link.context for link in spot.links] == [memory.named("start run")[0].context]


def repeat(watch: Any, trail: Trail, status: int) -> None:
    """Send a delivered spot once more."""
    trail.sends(2, 20.0)
    watch.repeated(trail, trail.answered(status, str(status), "known", 20.5))


def test_a_repetition_of_a_spot_that_was_sent_hangs_below_it() -> None:
    telemetry, watch, memory = opened(1.0)
    trail = sent(watch, 201)
    watch.settled(trail, receipt(1))
    repeat(watch, trail, 409)
    telemetry.close()

    (_, again), (spot,) = memory.named("POST"), memory.named("deliver spot")
    assert again.context.trace_id == int(REQUEST_ID, 16)
    assert again.parent.span_id == spot.context.span_id
    assert again.attributes["http.response.status_code"] == 409
    assert again.attributes["http.request.resend_count"] == 1


def test_a_repetition_of_a_spot_that_was_not_sent_leaves_no_orphan() -> None:
    telemetry, watch, memory = opened()
    trail = sent(watch, 201)
    watch.settled(trail, receipt(1))
    repeat(watch, trail, 500)
    telemetry.close()

    assert {span.name for span in memory.exporter.get_finished_spans()} == {"start run", "run"}


@pytest.mark.parametrize("status", [422, None])
def test_a_spot_that_failed_is_always_sent(status: int | None) -> None:
    telemetry, watch, memory = opened()
    watch.settled(sent(watch, status), LETTER)
    telemetry.close()
    (spot,), (attempt,) = memory.named("deliver spot"), memory.named("POST")
    assert (spot.status.status_code, spot.status.description) == (StatusCode.ERROR, "duration: no")
    assert spot.attributes["error.type"] == spot.attributes["avstar.outcome"] == "rejected"
    assert attempt.attributes["error.type"] == (str(status) if status else "timeout")


def test_a_slow_spot_is_always_sent() -> None:
    telemetry, watch, memory = opened()
    for _ in range(50):
        watch.settled(sent(watch, 201), receipt(1))
    watch.settled(sent(watch, 201, seconds=0.5), receipt(1))
    telemetry.close()
    assert len(memory.named("deliver spot")) == 1


def test_a_duplicate_is_no_error() -> None:
    telemetry, watch, memory = opened(1.0)
    watch.settled(sent(watch, 409), receipt(1)._replace(outcome="duplicate", status=409))
    telemetry.close()
    assert memory.named("POST")[0].status.status_code is StatusCode.UNSET


def test_what_a_halt_left_in_hand_is_sent_with_the_attempt_under_way() -> None:
    telemetry, watch, memory = opened()
    trail = sent(watch, 503)
    trail.sends(2, 20.0)
    watch.left(trail, ValueError("halted"))
    telemetry.close("halted")
    assert [span.attributes.get("error.type") for span in memory.named("POST")] == [
        "503",
        "abandoned",
    ]
    assert memory.named("deliver spot")[0].status.description == "halted"
    assert memory.named("run")[0].status.description == "halted"


def test_a_rejected_record_has_a_short_trace_that_every_run_derives_alike() -> None:
    telemetry, _, memory = opened()
    span = Span("day.ndjson.ab", "cd" * 32, "lane-0", 0, 200, 3)
    telemetry.rejected("", Batch(span, [LETTER._replace(reason="schema", request_id=None)]))
    telemetry.close()
    (one,) = memory.named("reject record")
    assert f"{one.context.trace_id:032x}" == trace_of_record("cd" * 32, 100)
    assert one.attributes["avstar.outcome"] == "schema"


def test_metrics_are_read_when_they_are_sent_the_answers_with_them() -> None:
    telemetry, _, memory = opened()
    data = memory.complete(memory.reader.get_metrics_data())
    telemetry.close()
    metrics = {
        metric.name: list(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert metrics["avstar_retries_total"][0].value == 3
    (gauge,) = metrics["avstar_breaker_lanes"]
    assert (gauge.value, dict(gauge.attributes)) == (1, {"state": "open"})
    (answers,) = metrics["avstar_answer_seconds"]
    assert (answers.count, answers.sum, answers.bucket_counts) == (2, 1.0, (0, 2, 0))
    assert answers.explicit_bounds == (0.1, 1.0)


def test_a_log_record_is_sent_with_its_fields_and_its_trace() -> None:
    telemetry, _, memory = opened(logs=True)
    handler = telemetry.handler()
    assert handler
    extra: Mapping[str, Any] = {"trace_id": REQUEST_ID, "span_id": f"{5:016x}", "wait": 0.5}
    record = logging.makeLogRecord({"msg": "retry", "levelno": logging.INFO, **extra})
    handler.handle(record)
    telemetry.close()
    (one,) = memory.sent_records
    found = one.log_record
    assert (found.body, found.trace_id, found.span_id) == ("retry", int(REQUEST_ID, 16), 5)
    assert found.attributes["wait"] == 0.5
    assert not {"trace_id", "msg", "args"} & set(found.attributes)


def test_the_environment_has_the_last_word_on_who_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry, _, memory = opened()
    telemetry.close()
    assert memory.named("run")[0].resource.attributes["service.name"] == "avstar"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "night")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    telemetry, _, memory = opened()
    telemetry.close()
    resource = memory.named("run")[0].resource.attributes
    assert (resource["service.name"], resource["service.version"]) == ("night", "1.2")
    assert resource["deployment.environment"] == "test"


def test_two_processes_have_two_names() -> None:
    names = set()
    for _ in range(2):
        telemetry, _, memory = opened()
        telemetry.close()
        names.add(memory.named("run")[0].resource.attributes["service.instance.id"])
    assert len(names) == 2


def test_traces_that_hang_leave_the_last_metrics_half_of_the_time() -> None:
    class Hanging(Memory):
        def spans(self, _resource: Resource) -> Callable[[Sequence[bytes]], bool]:
            return lambda _spans: not go_on.wait(30)

        def metrics(self, complete: Callable[[Any], Any]) -> InMemoryMetricReader:
            reader = super().metrics(complete)
            reader.shutdown = lambda timeout_millis=0, **_: left.append(timeout_millis)  # type: ignore[method-assign]
            return reader

    go_on, left = threading.Event(), []
    about = About("http://api.example/v1/ingest", "1.2", {})
    telemetry = Telemetry(TelemetrySettings(flush_seconds=2.0), Hanging(), about, Counts())
    telemetry.open(PANEL)
    telemetry.close()
    go_on.set()
    assert left
    assert 0 < left[0] <= 1000


def test_without_a_ratio_the_sampler_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, sampled in (("always_on", True), ("always_off", False)):
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
        telemetry, watch, _ = opened(None)  # type: ignore[arg-type]
        assert watch.keeps(Trail(SPOT, "day", 0.0)) == sampled
        telemetry.close()
