"""All that looks on while a run is under way."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from connectors.errors import AvstarError
from connectors.ledger import Checkpoint, read_checkpoint
from connectors.ledger.checkpoint import CHECKPOINT
from connectors.records import Export
from dataflows.cluster import Cluster
from dataflows.forecast import Forecast, next_occurrence
from dataflows.meter import Meter
from dataflows.otel import metrics_page_wanted
from dataflows.repeated import repeated
from dataflows.settings import Settings
from dataflows.telemetry import Onlookers, telemetry

log = logging.getLogger(__name__)

_ALONE = Cluster()

_LOOK_SECONDS = 1.0


@contextmanager
def observed(
    settings: Settings,
    exports: Sequence[Export],
    meter: Meter,
    tell: Callable[[str], object] = lambda _line: None,
    cluster: Cluster = _ALONE,
) -> Iterator[Onlookers]:
    """Keep the forecast, show the meter and send telemetry while the body runs.

    Yields whom else to tell of all that happens. `tell` is called with lines for people: that the
    run will be late, or that there is no telemetry though it was asked for. Of several processes
    the first alone tells what there is to do and by when, so that nothing is told twice.
    """
    now = datetime.now(timezone.utc)
    folders = [settings.out_folder / export.key for export in exports]
    found = [] if settings.validate_only else [read_checkpoint(folder) for folder in folders]
    checkpoints = [checkpoint for checkpoint in found if checkpoint]
    before = sum(checkpoint.settled for checkpoint in checkpoints)
    began = [datetime.fromisoformat(checkpoint.started_at) for checkpoint in checkpoints]
    files = [folder / CHECKPOINT for folder in folders]
    mine, earlier = (exports, before) if cluster.is_first else ([], 0)
    meter.expect(mine, earlier, files, validating=settings.validate_only)
    with ExitStack() as stack:
        if metrics_page_wanted() and not settings.page:
            from dataflows.metrics_page import on_metrics_page  # noqa: PLC0415 - only where wanted

            stack.enter_context(on_metrics_page(lambda: meter))
        about = {"avstar.settled_before": before, "avstar.resume_offsets": _offsets(checkpoints)}
        if cluster.workers:  # else only the engine knows
            about["avstar.workers"] = cluster.workers
        if cluster.is_alone or (cluster.is_first and not settings.validate_only):
            deadline = _deadline(settings, min(began, default=now))
            meter.forecast = Forecast(meter.total_records - before, deadline)
            if not cluster.is_alone:
                meter.of_all = partial(_all, folders, before)
            settled = meter.of_all or partial(_own, meter)
            stack.enter_context(_looking(meter.forecast, settled, tell))
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


def _own(meter: Meter) -> int:
    """Return how much this process has settled, 0 until a spot is: what is bad takes no time."""
    return meter.progress if meter.moves else 0


def _all(folders: Sequence[Path], before: int) -> int:
    """Return how much all processes have settled, as the checkpoints tell; 0 if they do not."""
    with suppress(AvstarError, OSError):  # the run itself will tell
        found = [read_checkpoint(folder) for folder in folders]
        return max(0, sum(checkpoint.settled for checkpoint in found if checkpoint) - before)
    return 0


@contextmanager
def _looking(
    forecast: Forecast, settled: Callable[[], int], tell: Callable[[str], object]
) -> Iterator[None]:
    """Look at what is settled again and again; once, if it comes to that, say: it will be late."""
    warned = False

    def look() -> None:
        nonlocal warned
        now = time.time()
        if done := settled():  # until then it waits to begin, which is no rate
            forecast.look(done, time.monotonic())
        margin = forecast.margin(now)
        if margin is not None and margin < 0 and not warned:
            warned = True
            log.warning("deadline at risk", extra={"told": forecast.words(now)})
            tell(f"the deadline is at risk: {forecast.words(now)}")

    with repeated(look, _LOOK_SECONDS, "avstar-forecast"):
        yield
