"""The way to the collector: OTLP over HTTP, as `OTEL_EXPORTER_OTLP_…` tell."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from typing_extensions import override

from connectors.telemetry.carrier import Carrier
from connectors.telemetry.counts import Counts
from connectors.telemetry.metrics import Complete
from connectors.telemetry.outbox import Count, Send


class Exporters(Protocol):
    """Opens what sends each signal."""

    def spans(self, resource: Resource) -> Send[bytes]:
        """Open what sends spans as `Spans` writes them, and says who speaks."""

    def records(self) -> Send[ReadableLogRecord]:
        """Open what sends log records."""

    def metrics(self, complete: Complete) -> MetricReader:
        """Open what reads and sends metrics; what is sent is to be completed."""

    def close(self) -> None:
        """Close all that was opened, whatever is under way."""


class _Completed(OTLPMetricExporter):
    def __init__(self, complete: Complete, count: Count) -> None:
        super().__init__()
        self._complete = complete
        self._tell = count
        self._under_way = False

    @override
    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        self._under_way = True
        taken = False
        try:
            result = super().export(self._complete(metrics_data), timeout_millis, **kwargs)
            taken = result is MetricExportResult.SUCCESS
            return result
        finally:
            if self._under_way:
                self._under_way = False
                self._tell("sent" if taken else "dropped", 1)

    def abandon(self) -> None:
        """Give up what is under way."""
        if self._under_way:
            self._under_way = False
            self._tell("dropped", 1)


class OtlpExporters(Exporters):
    """The exporters of the OpenTelemetry project."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._shutdown: list[Callable[[], None]] = []

    def spans(self, resource: Resource) -> Send[bytes]:
        """Open what sends spans as `Spans` writes them."""
        carrier = Carrier(resource)
        self._shutdown.append(carrier.shutdown)
        return carrier.send

    def records(self) -> Send[ReadableLogRecord]:
        """Open what sends log records."""
        return self._sending_records(OTLPLogExporter())

    def metrics(self, complete: Complete) -> MetricReader:
        """Open what reads and sends metrics; what is sent is completed."""
        exporter = _Completed(complete, self._counts.of("metric exports"))
        self._shutdown.append(exporter.abandon)
        return PeriodicExportingMetricReader(exporter)

    def close(self) -> None:
        """Close all that was opened, whatever is under way."""
        for shutdown in self._shutdown:
            shutdown()

    def _sending_records(self, exporter: LogRecordExporter) -> Send[ReadableLogRecord]:
        self._shutdown.append(exporter.shutdown)

        def send(records: Sequence[ReadableLogRecord]) -> bool:
            return exporter.export(records) is LogRecordExportResult.SUCCESS

        return send
