"""All that looks on while a run is under way."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone

from connectors.ledger import Checkpoint, read_checkpoint
from connectors.ledger.checkpoint import CHECKPOINT
from connectors.records import Export
from dataflows.forecast import Forecast, next_occurrence
from dataflows.meter import Meter
from dataflows.otel import metrics_page_wanted, want_no_metrics_page
from dataflows.settings import Settings
from dataflows.telemetry import Onlookers, telemetry

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


@contextmanager
def observed(
    settings: Settings,
    exports: Sequence[Export],
    meter: Meter,
    tell: Callable[[str], object] = lambda _line: None,
) -> Iterator[Onlookers]:
    """Keep the forecast, show the meter and send telemetry while the body runs.

    Yields whom else to tell of all that happens. `tell` is called with lines for people: that the
    run will be late, or that there is no telemetry though it was asked for.
    """
    now = datetime.now(timezone.utc)
    folders = [settings.out_folder / export.key for export in exports]
    found = [] if settings.validate_only else [read_checkpoint(folder) for folder in folders]
    checkpoints = [checkpoint for checkpoint in found if checkpoint]
    before = sum(checkpoint.settled for checkpoint in checkpoints)
    began = [datetime.fromisoformat(checkpoint.started_at) for checkpoint in checkpoints]
    files = [folder / CHECKPOINT for folder in folders]
    meter.expect(exports, before, files, validating=settings.validate_only)
    meter.forecast = forecast = Forecast(
        meter.total_records - before, _deadline(settings, min(began, default=now))
    )
    with ExitStack() as stack:
        if metrics_page_wanted():
            from dataflows.metrics_page import on_metrics_page  # noqa: PLC0415 - only where wanted

            stack.callback(want_no_metrics_page)
            stack.enter_context(on_metrics_page(meter))
        about = {"avstar.settled_before": before, "avstar.resume_offsets": _offsets(checkpoints)}
        stack.enter_context(_looking(forecast, meter, tell))
        yield stack.enter_context(telemetry(settings, exports, meter, about, tell))


def _offsets(checkpoints: Sequence[Checkpoint]) -> list[str]:
    """Say where each reading lane of each export goes on."""
    return [
        f"{checkpoint.export} {lane} {offset}"
        for checkpoint in checkpoints
        for lane, (offset, _line) in checkpoint.places.items()
    ]


def _deadline(settings: Settings, since: datetime) -> float | None:
    """Return the deadline that the upload has had since it began, whatever crashed since."""
    if settings.deadline is None:
        return None
    return next_occurrence(settings.deadline, since, settings.timezone).timestamp()


@contextmanager
def _looking(forecast: Forecast, meter: Meter, tell: Callable[[str], object]) -> Iterator[None]:
    """Look at the meter again and again; once, if it comes to that, say that it will be late."""
    over = threading.Event()

    def look() -> None:
        warned = False
        while not over.wait(_LOOK_SECONDS):
            now = time.time()
            forecast.look(meter.progress, now)
            margin = forecast.margin(now)
            if margin is not None and margin < 0 and not warned:
                warned = True
                log.warning("deadline at risk", extra={"told": forecast.words(now)})
                tell(f"the deadline is at risk: {forecast.words(now)}")

    forecast.look(meter.progress, time.time())
    thread = threading.Thread(target=look, name="avstar-forecast", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
