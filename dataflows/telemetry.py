"""Whether and how a run is told to a collector; the SDK is imported only where it is."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.avstar import Watch
from connectors.records import Batch, DeadLetter, Export
from dataflows.audit import also_handle
from dataflows.histogram import Histogram
from dataflows.instruments import ANSWERS, ANSWERS_HELP, INSTRUMENTS
from dataflows.meter import Meter
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
        tell: Called with the line that says that there is no telemetry though it was asked for, or
            what of it was lost.
    """
    otel = load_otel(tell)
    new = partial(_new, otel, settings, exports, meter, about) if otel else None
    opened = _opened(new, meter, tell) if new else None
    if opened is None:
        yield NOBODY
    else:
        yield from _while_open(opened, meter, tell)


class _Open(NamedTuple):
    telemetry: "Telemetry"
    watch: Watch
    handler: logging.Handler | None


def _while_open(opened: _Open, meter: Meter, tell: Callable[[str], object]) -> Iterator[Onlookers]:
    error = ""
    try:
        with also_handle(opened.handler):
            try:
                yield Onlookers(opened.watch, opened.telemetry.rejected)
            except BaseException as failure:
                error = str(failure) or type(failure).__name__
                raise
            finally:
                with suppress(Exception):  # a collector's faults are not the run's
                    opened.telemetry.close(error)
    finally:
        _tell_losses(meter.telemetry("dropped"), opened.telemetry.why, tell)


def _tell_losses(dropped: Mapping[str, int], why: str, tell: Callable[[str], object]) -> None:
    lost = {signal: number for signal, number in dropped.items() if number}
    if lost:
        log.warning("telemetry dropped", extra={"dropped": lost, "why": why})
        counts = ", ".join(f"{number:,} {signal}" for signal, number in lost.items())
        tell(f"telemetry dropped: {counts}; {why}")


def _opened(
    new: Callable[[], "Telemetry"], meter: Meter, tell: Callable[[str], object]
) -> _Open | None:
    """Open telemetry; None where that fails, whatever the SDK finds wrong, which `tell` is told."""
    try:
        made = new()
        try:
            return _Open(made, made.open(_panel(meter)), made.handler())
        except Exception:
            made.close()
            raise
    except ImportError:
        tell(MISSING)
    except Exception as error:  # noqa: BLE001 - a variable that only the SDK reads
        tell(f"OTEL_…: {' '.join(str(error).split())}; there is no telemetry")
    return None


def _new(
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
        **about,
    }
    url = "" if settings.validate_only else settings.delivery().ingest_url
    told = About(url, version("avion-to-avstar"), attributes)
    return Telemetry(_settings(otel), OtlpExporters(counts), told, counts)


def _settings(otel: Otel) -> "TelemetrySettings":
    from connectors.telemetry import Pipe, TelemetrySettings  # noqa: PLC0415

    return TelemetrySettings(
        traces=otel.sends("traces") and otel.sampler != "always_off",
        metrics=otel.sends("metrics"),
        logs=otel.sends("logs"),
        ratio=otel.ratio,
        spans=Pipe(
            queue=otel.bsp_max_queue_size,
            batch=min(otel.bsp_max_export_batch_size, otel.bsp_max_queue_size),
            delay=otel.bsp_schedule_delay / 1000,
        ),
        records=Pipe(
            queue=otel.blrp_max_queue_size,
            batch=min(otel.blrp_max_export_batch_size, otel.blrp_max_queue_size),
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
