"""What is sent to a collector, and how much of it may wait."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Pipe:
    """A queue to a collector.

    Args:
        queue: Most that may wait in it; more is dropped.
        batch: Most that is sent at once.
        delay: Longest time in seconds for which something waits to be sent.
    """

    queue: int = 2048
    batch: int = 512
    delay: float = 5.0


@dataclass(frozen=True, kw_only=True)
class TelemetrySettings:
    """What is sent; where to and with which headers, the exporters read from the environment.

    Args:
        traces: Send spans.
        metrics: Send metrics.
        logs: Send log records.
        ratio: Share of the good spots whose trace is sent; None leaves it to `OTEL_TRACES_SAMPLER`.
        spans: The queue of spans.
        records: The queue of log records.
        flush_seconds: Longest time that the end of a run waits for a collector.
    """

    traces: bool = True
    metrics: bool = True
    logs: bool = False
    ratio: float | None = 0.01
    spans: Pipe = field(default=Pipe())
    records: Pipe = field(default=Pipe(delay=1.0))
    flush_seconds: float = 5.0
