"""The `/metrics` page, the engine's or our own, with our metrics among the others."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf

from prometheus_client import REGISTRY
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from dataflows.instrument import Instrument
from dataflows.instruments import ANSWERS, ANSWERS_HELP, INSTRUMENTS
from dataflows.meter import Meter


class MeterCollector(Collector):
    """Reads a meter whenever the page is asked for, if there is one."""

    def __init__(self, meter: Callable[[], Meter | None]) -> None:
        self._meter = meter

    @override
    def collect(self) -> Iterable[Metric]:
        meter = self._meter()
        if meter is None:
            return
        for instrument in INSTRUMENTS:
            yield _family(instrument, meter)
        answers = meter.answers
        buckets = [(_written(bound), count) for bound, count in answers.cumulated()]
        yield HistogramMetricFamily(ANSWERS, ANSWERS_HELP, buckets, answers.sum)


def _family(instrument: Instrument, meter: Meter) -> Metric:
    labels = [instrument.label] if instrument.label else []
    new = CounterMetricFamily if instrument.kind == "counter" else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = new(
        instrument.name, instrument.help, labels=labels
    )
    for label, value in instrument.values(meter).items():
        family.add_metric([label] if labels else [], value)
    return family


def _written(bound: float) -> str:
    return "+Inf" if bound == inf else f"{bound:g}"


@contextmanager
def on_metrics_page(meter: Callable[[], Meter | None]) -> Iterator[None]:
    """Show on the page, while the body runs, the meter that there is whenever it is asked for."""
    collector = MeterCollector(meter)
    REGISTRY.register(collector)
    try:
        yield
    finally:
        REGISTRY.unregister(collector)
