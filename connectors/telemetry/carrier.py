"""Sends spans that are written already, by the exporter of the OpenTelemetry project."""

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext
from typing_extensions import override

from connectors.telemetry.speaker import SCOPE
from connectors.telemetry.wire import block

_REQUEST, _SCOPED = b"\x0a", b"\x12"
"""Tags of what one resource says, and of what it says in one scope."""

_COMPRESSED: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


class _Session(requests.Session):
    """Posts its `load` wherever and however it is told to post something.

    The exporter reads its variables, tries again and gives up as its users know it; but it takes
    no bytes, and makes them of its own spans at ten times the price.
    """

    def __init__(self) -> None:
        super().__init__()
        self.load = b""
        self.posted = False

    @override
    def request(self, method: str | bytes, url: str | bytes, **more: Any) -> requests.Response:  # type: ignore[override]
        sent = {**self.headers, **(more.get("headers") or {})}
        found = {name.lower(): value for name, value in sent.items()}.get("content-encoding", "")
        compress = _COMPRESSED.get(str(found).lower(), bytes)
        self.posted = True
        return super().request(method, url, **{**more, "data": compress(self.load)})


class Carrier:
    """Sends spans as `Spans` writes them, batch by batch."""

    def __init__(self, resource: Resource) -> None:
        self._session = _Session()
        self._exporter = OTLPSpanExporter(session=self._session)
        self._envelope = envelope(resource)
        self.shutdown = self._exporter.shutdown

    def send(self, spans: Sequence[bytes]) -> bool:
        """Send a batch and tell whether it was taken."""
        self._session.load, self._session.posted = self._envelope(spans), False
        return self._exporter.export([]) is SpanExportResult.SUCCESS and self._session.posted


def envelope(resource: Resource) -> Callable[[Sequence[bytes]], bytes]:
    """Make what puts written spans into a request, as the SDK would put its own."""
    none = SpanContext(0, 0, is_remote=False)
    empty = ReadableSpan("", context=none, resource=resource, instrumentation_scope=SCOPE)
    [spoken] = encode_spans([empty]).resource_spans
    [scoped] = spoken.scope_spans
    del scoped.spans[:]
    scope = scoped.SerializeToString()
    del spoken.scope_spans[:]
    head = spoken.SerializeToString()
    return lambda spans: block(_REQUEST, head + block(_SCOPED, scope + b"".join(spans)))
