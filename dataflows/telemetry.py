"""Whether and how a run is told to a collector; the SDK is imported only where it is."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.avstar import Watch
from connectors.records import Batch, DeadLetter, Export
from dataflows.audit import also_handle
from dataflows.instruments import ANSWERS, ANSWERS_HELP, INSTRUMENTS
from dataflows.meter import Histogram, Meter
from dataflows.otel import Otel, load_otel
from dataflows.settings import Settings

if TYPE_CHECKING:
    from connectors.telemetry import Panel, Telemetry, TelemetrySettings

log = logging.getLogger(__name__)

MISSING = "OTEL_… asks for telemetry, but the extra `otel` is not installed; there is none"


class Onlookers(NamedTuple):
    """Who is told of all that a run does."""

    watch: Watch = Watch()
    rejected: Callable[[str, Batch[DeadLetter]], None] = lambda _step_id, _letters: None


NOBODY = Onlookers()


@contextmanager
def telemetry(
    settings: Settings,
    exports: Sequence[Export],
    meter: Meter,
    about: Mapping[str, Any],
    tell: Callable[[str], object],
) -> Iterator[Onlookers]:
    """Send what happens while the body runs to the collector that `OTEL_…` name, if they do.

    Args:
        settings: Where spots are posted.
        exports: What is read.
        meter: What is shown as metrics, and learns what was dropped.
        about: What else the run's span says.
        tell: Called with the line that says that there is no telemetry though it was asked for.
    """
    otel = load_otel(tell)
    if otel is None:
        yield NOBODY
        return
    try:
        opened = _opened(otel, settings, exports, meter, about)
    except ImportError:
        tell(MISSING)
        yield NOBODY
        return
    yield from _while_open(opened, meter)


def _while_open(opened: "Telemetry", meter: Meter) -> Iterator[Onlookers]:
    watch, handler = opened.open(_panel(meter)), opened.handler()
    error = ""
    with also_handle(handler):
        try:
            yield Onlookers(watch, opened.rejected)
        except BaseException as failure:
            error = str(failure) or type(failure).__name__
            raise
        finally:
            opened.close(error)
    if dropped := {signal: n for signal, n in meter.telemetry("dropped").items() if n}:
        log.warning("telemetry dropped", extra={"dropped": dropped})


def _opened(
    otel: Otel,
    settings: Settings,
    exports: Sequence[Export],
    meter: Meter,
    about: Mapping[str, Any],
) -> "Telemetry":
    from connectors.telemetry import About, Counts, OtlpExporters, Telemetry  # noqa: PLC0415

    counts = Counts()
    meter.telemetry = counts.met
    attributes = {
        "avstar.exports": [export.key for export in exports],
        "avstar.checksums": [export.checksum for export in exports],
        "avstar.records": sum(export.records for export in exports),
        "avstar.workers": settings.workers,
        **about,
    }
    url = "" if settings.validate_only else settings.delivery().ingest_url
    told = About(url, version("avion-to-avstar"), attributes)
    return Telemetry(_settings(otel), OtlpExporters(), told, counts)


def _settings(otel: Otel) -> "TelemetrySettings":
    from connectors.telemetry import Pipe, TelemetrySettings  # noqa: PLC0415

    return TelemetrySettings(
        traces=otel.sends("traces") and otel.traces_sampler != "always_off",
        metrics=otel.sends("metrics"),
        logs=otel.sends("logs"),
        ratio=None if otel.traces_sampler else 0.01,
        spans=Pipe(
            queue=otel.bsp_max_queue_size,
            batch=otel.bsp_max_export_batch_size,
            delay=otel.bsp_schedule_delay / 1000,
        ),
        records=Pipe(
            queue=otel.blrp_max_queue_size,
            batch=otel.blrp_max_export_batch_size,
            delay=otel.blrp_schedule_delay / 1000,
        ),
        flush_seconds=min(5.0, otel.bsp_export_timeout / 1000),
    )


def _panel(meter: Meter) -> "Panel":
    from connectors.telemetry import Answers, Panel, Reading  # noqa: PLC0415

    readings = [
        Reading(one.name, one.kind, one.help, one.unit, one.label, partial(one.values, meter))
        for one in INSTRUMENTS
    ]
    return Panel(readings, Answers(ANSWERS, ANSWERS_HELP, Histogram.BOUNDS, meter.answers.read))
