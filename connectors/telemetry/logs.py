"""Log records by OTLP, each in the trace of its spot."""

import logging
import time
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)
from typing_extensions import override

from connectors.telemetry.outbox import Outbox
from connectors.telemetry.speaker import SCOPE

_SEVERITY = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "trace_id", "span_id"}
"""What every record of the standard library has, or what has a place of its own here."""


class OtlpHandler(logging.Handler):
    """Puts records into an outbox; it waits for nobody."""

    def __init__(self, resource: Resource, outbox: Outbox[ReadableLogRecord]) -> None:
        super().__init__()
        self._resource = resource
        self._outbox = outbox
        self._exceptions = logging.Formatter()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._outbox.put(ReadableLogRecord(self._translated(record), self._resource, SCOPE))

    def _translated(self, record: logging.LogRecord) -> LogRecord:
        attributes: dict[str, Any] = {
            name: value if isinstance(value, str | int | float | list) else str(value)
            for name, value in vars(record).items()
            if name not in _OWN and value is not None
        }
        attributes["logger"] = record.name
        if record.exc_info:
            attributes["exception.stacktrace"] = self._exceptions.formatException(record.exc_info)
        context = None
        if trace := getattr(record, "trace_id", None):
            span = int(getattr(record, "span_id", None) or "0", 16)
            place = SpanContext(int(trace, 16), span, is_remote=False, trace_flags=_SAMPLED)
            context = set_span_in_context(NonRecordingSpan(place))
        return LogRecord(
            timestamp=int(record.created * 1e9),
            observed_timestamp=time.time_ns(),
            context=context,
            severity_text=record.levelname,
            severity_number=_SEVERITY.get(record.levelno, SeverityNumber.UNSPECIFIED),
            body=record.getMessage(),
            attributes=attributes,
        )
