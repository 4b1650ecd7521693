"""The way to the collector: OTLP over HTTP, as `OTEL_EXPORTER_OTLP_…` tell."""

from collections.abc import Callable, Sequence
from typing import Protocol

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from connectors.telemetry.outbox import Send


class Exporters(Protocol):
    """Opens what sends each signal."""

    def spans(self) -> Send[ReadableSpan]:
        """Open what sends spans."""

    def records(self) -> Send[ReadableLogRecord]:
        """Open what sends log records."""

    def metrics(self) -> MetricReader:
        """Open what reads and sends metrics."""

    def close(self) -> None:
        """Close all that was opened, whatever is under way."""


class OtlpExporters(Exporters):
    """The exporters of the OpenTelemetry project."""

    def __init__(self) -> None:
        self._shutdown: list[Callable[[], None]] = []

    def spans(self) -> Send[ReadableSpan]:
        """Open what sends spans."""
        return self._sending_spans(OTLPSpanExporter())

    def records(self) -> Send[ReadableLogRecord]:
        """Open what sends log records."""
        return self._sending_records(OTLPLogExporter())

    def metrics(self) -> MetricReader:
        """Open what reads and sends metrics."""
        return PeriodicExportingMetricReader(OTLPMetricExporter())

    def close(self) -> None:
        """Close all that was opened, whatever is under way."""
        for shutdown in self._shutdown:
            shutdown()

    def _sending_spans(self, exporter: SpanExporter) -> Send[ReadableSpan]:
        self._shutdown.append(exporter.shutdown)

        def send(spans: Sequence[ReadableSpan]) -> bool:
            return exporter.export(spans) is SpanExportResult.SUCCESS

        return send

    def _sending_records(self, exporter: LogRecordExporter) -> Send[ReadableLogRecord]:
        self._shutdown.append(exporter.shutdown)

        def send(records: Sequence[ReadableLogRecord]) -> bool:
            return exporter.export(records) is LogRecordExportResult.SUCCESS

        return send
