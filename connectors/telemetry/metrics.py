"""What metrics are made of, for OTLP."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.metrics import Meter as OtelMeter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from typing_extensions import override

from connectors.avstar import Watch
from connectors.trail import Attempt, Trail


class Reading(NamedTuple):
    """A metric that is read when it is sent: values by the value of its label."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    unit: str
    label: str
    values: Callable[[], Mapping[str, float]]


class Answers(NamedTuple):
    """The histogram of how long answers took, in seconds."""

    name: str
    help: str
    bounds: Sequence[float]


class Panel(NamedTuple):
    """All metrics."""

    readings: Sequence[Reading]
    answers: Answers


class Metrics(Watch):
    """Sends readings every now and then, and the histogram of the answers that it is told of."""

    def __init__(self, resource: Resource, reader: MetricReader, panel: Panel) -> None:
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("avstar")
        for reading in panel.readings:
            _observe(meter, reading)
        self._answers = meter.create_histogram(
            panel.answers.name,
            "s",
            panel.answers.help,
            explicit_bucket_boundaries_advisory=panel.answers.bounds,
        )

    @override
    def attempted(self, trail: Trail, attempt: Attempt) -> None:
        self._answers.record(attempt.seconds)

    def close(self, seconds: float) -> None:
        """Send a last time, waiting for so long at most."""
        with suppress(Exception):  # a collector's faults are not the run's
            self._provider.shutdown(timeout_millis=seconds * 1000)


def _observe(meter: OtelMeter, reading: Reading) -> None:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        for label, value in reading.values().items():
            yield Observation(value, {reading.label: label} if reading.label else {})

    if reading.kind == "counter":
        meter.create_observable_counter(reading.name, [read], reading.unit, reading.help)
    else:
        meter.create_observable_gauge(reading.name, [read], reading.unit, reading.help)
