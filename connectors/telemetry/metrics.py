"""What metrics are made of, for OTLP."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, NamedTuple

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.metrics import Meter as OtelMeter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricReader,
    MetricsData,
    ResourceMetrics,
)
from opentelemetry.sdk.resources import Resource


class Reading(NamedTuple):
    """A metric that is read when it is sent: values by the value of its label."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    unit: str
    label: str
    values: Callable[[], Mapping[str, float]]


class Answers(NamedTuple):
    """The histogram of how long answers took, in seconds.

    `read` gives how many were up to each bound and not to the one before, those beyond all of them
    last, and the sum.
    """

    name: str
    help: str
    bounds: Sequence[float]
    read: Callable[[], tuple[Sequence[int], float]]


class Panel(NamedTuple):
    """All metrics."""

    readings: Sequence[Reading]
    answers: Answers


Complete = Callable[[MetricsData], MetricsData]
"""Adds the histogram to what is sent."""


class Metrics:
    """Sends readings every now and then.

    The SDK has no histogram that is read when it is sent, and to tell its own one of every answer
    costs more than all else that a spot which is not traced does.
    """

    def __init__(self, resource: Resource, reader: MetricReader, panel: Panel) -> None:
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("avstar")
        for reading in panel.readings:
            _observe(meter, reading)

    def close(self, seconds: float) -> None:
        """Send a last time, waiting for so long at most."""
        with suppress(Exception):  # a collector's faults are not the run's
            self._provider.shutdown(timeout_millis=seconds * 1000)


def completing(answers: Answers, began: int) -> Complete:
    """Make what adds the histogram of all answers since `began` (nanoseconds) to what is sent."""

    def complete(data: MetricsData) -> MetricsData:
        counts, total = answers.read()
        point = HistogramDataPoint(
            attributes={},
            start_time_unix_nano=began,
            time_unix_nano=time.time_ns(),
            count=sum(counts),
            sum=total,
            bucket_counts=counts,
            explicit_bounds=answers.bounds,
            min=None,  # type: ignore[arg-type]  # the protocol lets both be absent
            max=None,  # type: ignore[arg-type]
        )
        found = Histogram([point], AggregationTemporality.CUMULATIVE)
        metric = Metric(answers.name, answers.help, "s", found)
        return MetricsData([_with(one, metric) for one in data.resource_metrics])

    return complete


def _with(resource: ResourceMetrics, metric: Metric) -> ResourceMetrics:
    first, *others = resource.scope_metrics
    return replace(
        resource, scope_metrics=[replace(first, metrics=[*first.metrics, metric]), *others]
    )


def _observe(meter: OtelMeter, reading: Reading) -> None:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        for label, value in reading.values().items():
            yield Observation(value, {reading.label: label} if reading.label else {})

    if reading.kind == "counter":
        meter.create_observable_counter(reading.name, [read], reading.unit, reading.help)
    else:
        meter.create_observable_gauge(reading.name, [read], reading.unit, reading.help)
