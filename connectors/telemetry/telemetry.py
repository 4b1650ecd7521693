"""All signals of a run, opened and closed together."""

import logging
import time
from collections.abc import Mapping
from threading import Thread
from typing import Any, NamedTuple
from uuid import uuid4

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler, TraceIdRatioBased
from opentelemetry.trace import SpanContext
from typing_extensions import override

from connectors.avstar import Watch, Watches
from connectors.records import Batch, DeadLetter
from connectors.telemetry.complaints import Complaints
from connectors.telemetry.counts import Counts
from connectors.telemetry.exporters import Exporters
from connectors.telemetry.logs import OtlpHandler
from connectors.telemetry.metrics import Metrics, Panel, completing
from connectors.telemetry.outbox import Outbox
from connectors.telemetry.settings import TelemetrySettings
from connectors.telemetry.spans import SAMPLED, Spans
from connectors.telemetry.tracing import Tracing
from connectors.trail import new_span, new_trace


class About(NamedTuple):
    """What the spans of a run say of it: where spots are posted, and `attributes` of the run."""

    url: str
    version: str
    attributes: Mapping[str, Any]


class Telemetry:
    """Sends what a run does to a collector, from `open` to `close`.

    Nothing of it makes anybody wait but `close`, which does so for `flush_seconds` at most.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        exporters: Exporters,
        about: About,
        counts: Counts,
    ) -> None:
        self._settings = settings
        self._exporters = exporters
        self._about = about
        self._counts = counts
        self._resource = resource_of(about.version)
        self._run = SpanContext(new_trace(), new_span(), is_remote=False, trace_flags=SAMPLED)
        self._spans = Spans(self._resource, about.url, self._run)
        self._complaints = Complaints()
        self._began = time.monotonic()
        self._outbox: Outbox[ReadableSpan] | None = None
        self._records: Outbox[ReadableLogRecord] | None = None
        self._metrics: Metrics | None = None
        self._tracing: Tracing | None = None

    def open(self, panel: Panel) -> Watch:
        """Begin, and return what is to be told of all that the delivery does."""
        self._complaints.attach()
        watches: list[Watch] = []
        if self._settings.traces:
            send = self._exporters.spans()
            count = self._counts.of("spans")
            self._outbox = Outbox("avstar-spans", self._settings.spans, send, count)
            self._tracing = Tracing(self._spans, _sampler(self._settings), self._outbox)
            self._tell("start run", self._run, self._began)
            watches.append(self._tracing)
        if self._settings.metrics:
            complete = completing(panel.answers, time.time_ns())
            self._metrics = Metrics(self._resource, self._exporters.metrics(complete), panel)
        return Watches(*watches)

    def handler(self) -> logging.Handler | None:
        """Return what sends log records, if that is wanted."""
        if not self._settings.logs:
            return None
        send, count = self._exporters.records(), self._counts.of("log records")
        self._records = Outbox("avstar-records", self._settings.records, send, count)
        return OtlpHandler(self._resource, self._records)

    def rejected(self, step_id: str, letters: Batch[DeadLetter]) -> None:
        """Learn of records that validation rejected."""
        if self._tracing:
            self._tracing.rejected(step_id, letters)

    def close(self, error: str = "") -> None:
        """Send what is left, as far as there is time; `error` says why the run failed."""
        if self._outbox:
            own = SpanContext(self._run.trace_id, new_span(), is_remote=False, trace_flags=SAMPLED)
            self._tell("run", own, time.monotonic(), parent=self._run, error=error)
        until = time.monotonic() + self._settings.flush_seconds
        self._close_outboxes(self._settings.flush_seconds / (2 if self._metrics else 1))
        if self._metrics:  # which tell what was dropped, and have half of the time for themselves
            self._metrics.close(max(0.0, until - time.monotonic()))
        self._exporters.close()

    def _close_outboxes(self, seconds: float) -> None:
        """Close them at the same time: one that hangs takes nothing from the other."""
        open_ones = [one for one in (self._outbox, self._records) if one]
        closing = [Thread(target=one.close, args=(seconds,), daemon=True) for one in open_ones]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    @property
    def why(self) -> str:
        """Why something was lost: the first complaint, if any."""
        return self._complaints.first or "the collector did not keep up"

    def _tell(
        self,
        name: str,
        own: SpanContext,
        ended: float,
        *,
        parent: SpanContext | None = None,
        error: str = "",
    ) -> None:
        if self._outbox:
            times, attributes = (self._began, ended), dict(self._about.attributes)
            self._outbox.put(
                self._spans.run(name, own, times, attributes, parent=parent, error=error)
            )


class _Speaker(Resource):
    """A resource that is asked for its hash with every span, and knows it."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.attributes, resource.schema_url)
        self._hash = super().__hash__()

    @override
    def __hash__(self) -> int:
        return self._hash


def resource_of(version: str) -> Resource:
    """Return who speaks; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word."""
    ours = Resource(
        {
            "service.name": "avstar",
            "service.version": version,
            "service.instance.id": str(uuid4()),  # processes of one upload are told apart
        }
    )
    return _Speaker(Resource.create().merge(ours).merge(OTELResourceDetector().detect()))


def _sampler(settings: TelemetrySettings) -> Sampler:
    if settings.ratio is not None:
        return TraceIdRatioBased(settings.ratio)
    return TracerProvider(shutdown_on_exit=False).sampler  # as OTEL_TRACES_SAMPLER says
