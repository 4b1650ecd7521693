"""The audit log: what happened to the run and to single records, as JSON lines.

Connectors log through the standard library under their own names; this decides what is shown.
"""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

from dataflows.streams import let_go

_NAMES = ("connectors", "dataflows")
_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_RENAMED = {"asctime": "time", "levelname": "level", "name": "logger", "message": "event"}


class _Stderr(logging.Handler):
    """Writes to what is standard error now: it is swapped while the engine runs.

    A line that finds no room or no reader is dropped: what became of a record the ledger says.
    """

    @override
    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record) + "\n"
        with suppress(OSError):
            sys.stderr.write(line)
        let_go(sys.stderr)


class _InTrace(logging.Filter):
    """Names the trace of what is about a spot: its request ID."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "request_id", None) and not hasattr(record, "trace_id"):
            record.trace_id = record.request_id  # type: ignore[attr-defined]  # all extras are so
        return True


def configure_audit(*, json_lines: bool) -> None:
    """Show all events as JSON lines, or none: the progress then says what matters."""
    handler: logging.Handler = logging.NullHandler()
    if json_lines:
        handler = _Stderr()
        formatter = JsonFormatter(_FORMAT, rename_fields=_RENAMED, json_ensure_ascii=False)
        formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
        formatter.default_msec_format = "%s.%03dZ"
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
        handler.addFilter(_InTrace())
    for name in _NAMES:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO if json_lines else logging.CRITICAL)
        logger.propagate = False


@contextmanager
def also_handle(handler: logging.Handler | None) -> Iterator[None]:
    """Have one more handler take all events while the body runs."""
    if handler is None:
        yield
        return
    handler.addFilter(_InTrace())
    loggers = [logging.getLogger(name) for name in _NAMES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
