"""What is written by hand is, field by field, what the SDK would have written."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource

from connectors.records import DeadLetter, Span, Spot
from connectors.telemetry.carrier import envelope
from connectors.telemetry.spans import Place, Spans
from connectors.trail import Trail
from tests.telemetry.readable import readable

RESOURCE = Resource({"service.name": "avstar", "service.version": "1.2"})
RUN = Place(0xAB << 120 | 1, 0xCD << 56 | 2)
URL = "https://api.example/v1/ingest"
TEXT = st.text(max_size=200)
PLACE = st.integers(1, 2**40)


def check(*written: bytes) -> None:
    request = envelope(RESOURCE)(written)
    ours = ExportTraceServiceRequest.FromString(request)
    assert ours == encode_spans(readable(request))
    assert len(ours.resource_spans[0].scope_spans[0].spans) == len(written)


@st.composite
def trails(draw: st.DrawFn) -> Trail:
    request_id = draw(st.binary(min_size=16, max_size=16).filter(any)).hex()
    line, offset = draw(PLACE), draw(PLACE)
    spot = Spot(line, offset, draw(TEXT), draw(TEXT), draw(TEXT), 30, "", request_id, b"")
    trail = Trail(spot, draw(TEXT), 10.0)
    for number in range(1, draw(st.integers(1, 5))):
        trail.waited(draw(st.sampled_from(["token", "quota", "backoff"])), number, number + 0.5)
        trail.sends(number, number + 0.5)
        status = draw(st.none() | st.integers(100, 599))
        error = draw(st.sampled_from(["", "timeout", "503"]))
        trail.answered(status, error, draw(TEXT), number + 1)
    return trail


def spans_of(trail: Trail, outcome: str, detail: str) -> Iterator[bytes]:
    spans = Spans(URL, RUN)
    yield spans.spot(trail, outcome, detail, 20.0)
    yield from spans.steps(trail, trail.steps)


@given(trails(), st.sampled_from(["accepted", "rejected"]), TEXT)
def test_the_way_of_any_spot(trail: Trail, outcome: str, detail: str) -> None:
    check(*spans_of(trail, outcome, detail))


@given(TEXT, PLACE, PLACE)
def test_any_rejected_record(detail: str, line: int, offset: int) -> None:
    letter = DeadLetter(line, offset, "schema", detail, None, False, None, 0, b"")
    check(Spans(URL, RUN).rejected(Span("day", "ab" * 32, "lane-0", 0, 1, 2), letter))


@pytest.mark.parametrize("parent", [None, RUN])
@given(TEXT, st.lists(TEXT, max_size=3), PLACE)
def test_any_run(parent: Place | None, error: str, exports: list[str], records: int) -> None:
    attributes = {"avstar.exports": exports, "avstar.records": records}
    check(Spans(URL, RUN).run("run", RUN, (1.0, 2.5), attributes, parent=parent, error=error))
