"""Spans that are sent over HTTP to a server that looks at each request."""

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult
from typing_extensions import override

from connectors.telemetry.carrier import Carrier
from connectors.telemetry.spans import Place, Spans
from tests.telemetry.readable import readable

SPANS = [
    Spans("http://api.example/ingest", Place(1, 2)).run(name, Place(3, 4), (1.0, 2.0), {})
    for name in ("one", "two")
]


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def collector(*statuses: int) -> Iterator[tuple[str, list[Request]]]:
    """Answer with these, and keep what came."""
    answers, came = iter(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            came.append(Request(self.path, headers, body))
            self.send_response(next(answers))
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", came
    server.shutdown()
    server.server_close()
    thread.join()


def carrier() -> Carrier:
    return Carrier(Resource({"service.name": "night"}))


@pytest.mark.parametrize(
    ("variable", "unpack"),
    [("", bytes), ("gzip", gzip.decompress), ("deflate", zlib.decompress)],
)
def test_a_batch_arrives_as_the_variables_say(
    monkeypatch: pytest.MonkeyPatch, variable: str, unpack: Callable[[bytes], bytes]
) -> None:
    with collector(200) as (url, came):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=k1")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", variable or "none")
        one = carrier()
        assert one.send(SPANS)
        one.shutdown()
    [request] = came
    assert (request.path, request.headers["x-key"]) == ("/v1/traces", "k1")
    assert request.headers["content-type"] == "application/x-protobuf"
    spans = readable(unpack(request.body))
    assert [span.name for span in spans] == ["one", "two"]
    assert {span.resource.attributes["service.name"] for span in spans} == {"night"}


def test_what_is_tried_again_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(503, 200) as (url, came):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        one = carrier()
        assert one.send(SPANS)
        one.shutdown()
    first, second = came
    assert first.body == second.body != b""


@pytest.mark.parametrize("status", [400, 401])
def test_what_is_refused_was_not_taken(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with collector(status) as (url, _):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        one = carrier()
        assert not one.send(SPANS)
        one.shutdown()


def test_what_the_exporter_does_not_post_was_not_taken() -> None:
    one = carrier()
    one._exporter.export = lambda _spans: SpanExportResult.SUCCESS  # type: ignore[method-assign]
    assert not one.send(SPANS)
