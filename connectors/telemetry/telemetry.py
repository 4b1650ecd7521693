"""All signals of a run, opened and closed together."""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.sdk._logs import ReadableLogRecord

from connectors.avstar import Watch
from connectors.records import Batch, DeadLetter
from connectors.telemetry.complaints import Complaints
from connectors.telemetry.counts import Counts
from connectors.telemetry.exporters import Exporters
from connectors.telemetry.logs import OtlpHandler
from connectors.telemetry.metrics import Metrics, Panel, completing
from connectors.telemetry.outbox import Outbox
from connectors.telemetry.sampling import sampling
from connectors.telemetry.settings import TelemetrySettings
from connectors.telemetry.spans import Place, Spans
from connectors.telemetry.speaker import resource_of
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
        self._run = Place(new_trace(), new_span())
        self._spans = Spans(about.url, self._run)
        self._complaints = Complaints()
        self._began = time.monotonic()
        self._outbox: Outbox[bytes] | None = None
        self._records: Outbox[ReadableLogRecord] | None = None
        self._metrics: Metrics | None = None
        self._tracing: Tracing | None = None

    def open(self, panel: Panel) -> Watch:
        """Begin, and return what is to be told of all that the delivery does."""
        self._complaints.attach()
        if self._settings.traces:
            send = self._exporters.spans(self._resource)
            count = self._counts.of("spans")
            self._outbox = Outbox("avstar-spans", self._settings.spans, send, count)
            self._tracing = Tracing(self._spans, sampling(self._settings.ratio), self._outbox)
            self._tell("start run", self._run, self._began)
        if self._settings.metrics:
            complete = completing(panel.answers, time.time_ns())
            self._metrics = Metrics(self._resource, self._exporters.metrics(complete), panel)
        return self._tracing or Watch()

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
            own = Place(self._run.trace, new_span())
            self._tell("run", own, time.monotonic(), parent=self._run, error=error)
        until = time.monotonic() + self._settings.flush_seconds
        self._close_outboxes(self._settings.flush_seconds / (2 if self._metrics else 1))
        if self._metrics:  # which tell what was dropped, and have half of the time for themselves
            self._metrics.close(max(0.0, until - time.monotonic()))
        self._exporters.close()
        self._complaints.detach()

    def _close_outboxes(self, seconds: float) -> None:
        """Close them at the same time: one that hangs takes nothing from the other.

        No thread is started for that, since there can be none at the end of a process.
        """
        until = time.monotonic() + seconds
        open_ones = [one for one in (self._outbox, self._records) if one]
        for one in open_ones:
            one.end(seconds)
        for one in open_ones:
            one.close(max(0.0, until - time.monotonic()))

    @property
    def why(self) -> str:
        """Why something was lost: the first complaint, if any."""
        return self._complaints.first or "the collector did not keep up"

    def _tell(
        self,
        name: str,
        own: Place,
        ended: float,
        *,
        parent: Place | None = None,
        error: str = "",
    ) -> None:
        if self._outbox:
            times, attributes = (self._began, ended), dict(self._about.attributes)
            self._outbox.put(
                self._spans.run(name, own, times, attributes, parent=parent, error=error)
            )
