"""Which of the good spots are traced."""

from collections.abc import Callable

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

Samples = Callable[[str], bool]
"""Tells of a request ID, which is a trace ID, whether its good spot is traced."""

_LOW = slice(16, 32)
"""The hex digits by which the SDK's sampler decides, so that all who sample choose the same."""

_ABOVE_ALL = "g"
"""Greater than any hex digits."""


def sampling(ratio: float | None) -> Samples:
    """Make what tells it; without a ratio as `OTEL_TRACES_SAMPLER` says.

    Hex digits of one length sort as the numbers do, so a look at them is enough.
    """
    if ratio is None:
        return _as_the_environment_says()
    bound = TraceIdRatioBased.get_bound_for_rate(ratio)
    first = _ABOVE_ALL if bound > TraceIdRatioBased.TRACE_ID_LIMIT else f"{bound:016x}"
    return lambda request_id: request_id[_LOW] < first


def _as_the_environment_says() -> Samples:
    sampler = TracerProvider(shutdown_on_exit=False).sampler

    def samples(request_id: str) -> bool:
        result = sampler.should_sample(None, int(request_id, 16), "deliver spot")
        return result.decision is Decision.RECORD_AND_SAMPLE

    return samples
