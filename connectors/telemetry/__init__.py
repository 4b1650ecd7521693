"""Traces, metrics and logs by OTLP: the only room that knows the OpenTelemetry SDK."""

from connectors.telemetry.counts import Counts
from connectors.telemetry.exporters import Exporters, OtlpExporters
from connectors.telemetry.metrics import Answers, Panel, Reading
from connectors.telemetry.settings import Pipe, TelemetrySettings
from connectors.telemetry.telemetry import About, Telemetry

__all__ = [
    "About",
    "Answers",
    "Counts",
    "Exporters",
    "OtlpExporters",
    "Panel",
    "Pipe",
    "Reading",
    "Telemetry",
    "TelemetrySettings",
]
