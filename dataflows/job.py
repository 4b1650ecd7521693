"""One job from settings to exit code: survey, run, summary."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from connectors.errors import AvstarError, RefusedError, StoppedError
from connectors.ledger import Manifest
from connectors.records import Export
from connectors.stop import Stop
from dataflows.audit import configure_audit
from dataflows.cluster import Cluster
from dataflows.exports import open_exports, sealed_manifest, unsealed
from dataflows.meter import Meter
from dataflows.page import Course, page
from dataflows.preflight import check_settings
from dataflows.redrive import redrive, redrive_once
from dataflows.redrive_sheets import (
    any_open,
    ledger_of,
    remove_unsent_sheets,
    unfinished_sheets,
    write_redrive_sheets,
)
from dataflows.runner import ExitCode, run
from dataflows.screen import Screen
from dataflows.settings import Settings
from dataflows.sheets import refuse_unfinished
from dataflows.signals import stop_on_signals

log = logging.getLogger(__name__)


class Means(NamedTuple):
    """What a job works with besides its settings."""

    cluster: Cluster
    stop: Stop
    screen: Screen


@contextmanager
def means(settings: Settings, cluster: Cluster) -> Iterator[Means]:
    """Make ready for jobs: the audit log, the answer to signals, the page; and look beforehand.

    Raises:
        RefusedError: A setting cannot be used.
    """
    configure_audit(json_lines=settings.log_json)
    check_settings(settings, is_first=cluster.is_first)
    stop = Stop()
    course = Course(alone=cluster.is_alone, follows=settings.follow is not None)
    stop_on_signals(stop)
    with page(settings, course):
        yield Means(cluster, stop, Screen(settings, course))


def upload(settings: Settings, cluster: Cluster) -> ExitCode:
    """Carry the settings' exports over and show how it went.

    Each process of a cluster does this, and ends when all exports are sealed.

    Raises:
        AvstarError: It could not be done; what was done is not lost.
    """
    with means(settings, cluster) as given:
        manifests = carry(settings, look_at(settings, given), given)
    if not cluster.is_first:
        return ExitCode.SETTLED  # what is open in the end the first process says, who sends again
    letters = settings.strict and any(one.dead_lettered for one in manifests)
    if letters and any_open(settings.out_folder, manifests):
        return ExitCode.DEAD_LETTERS
    return ExitCode.SETTLED


def look_at(settings: Settings, given: Means) -> list[Export]:
    """Survey the settings' exports.

    Raises:
        RefusedError: One of them cannot be uploaded.
    """
    with given.screen.surveying(settings.exports) as surveyed:
        return open_exports(settings, heard(given.stop, surveyed))


def carry(settings: Settings, exports: Sequence[Export], given: Means) -> list[Manifest]:
    """Upload exports as far as they are not sealed, and send again what can be.

    Raises:
        AvstarError: It could not be done; what was done is not lost.
    """
    (cluster, stop, screen), meter = given, Meter()
    todo = unsealed(settings, exports)
    for export in exports:
        if export not in todo:
            screen.sealed_already(export)
    if todo:
        with screen.running(todo, meter):
            run(settings, todo, stop, meter, cluster=cluster, tell=screen.tell)
    manifests = [_sealed(settings, export) for export in exports]
    for manifest in manifests:
        screen.summary(manifest)
    if cluster.is_first and settings.redrive and not settings.validate_only:
        _redrive(settings, manifests, meter, stop, screen)
    return manifests


def resend(settings: Settings) -> ExitCode:
    """Send again all that can be, of every ledger in the folder; first what was cut off.

    Raises:
        AvstarError: It could not be done; the same again goes on.
    """
    configure_audit(json_lines=settings.log_json)
    check_settings(settings)
    screen, stop = Screen(settings), Stop()
    stop_on_signals(stop)
    out = settings.out_folder
    begun = unfinished_sheets(out)
    refuse_unfinished(out, [ledger_of(sheet).name for sheet in begun])
    remove_unsent_sheets(out)
    again = redrive(settings, begun, stop, screen) if begun else []
    if stop():
        raise StoppedError("stopped before the end; run the same command again to go on")
    if fresh := write_redrive_sheets(out, but=[one.ledger for one in again]):
        again += redrive(settings, fresh, stop, screen)
    if not again:
        screen.tell("nothing can be sent again")
    return ExitCode.DEAD_LETTERS if any(one.failed for one in again) else ExitCode.SETTLED


def heard(stop: Stop, progress: Callable[[Path, int], None]) -> Callable[[Path, int], None]:
    """Have a survey that tells its progress end where somebody asks to stop: it may take minutes.

    Raises:
        StoppedError: Somebody did; this is what the survey comes to.
    """

    def surveyed(path: Path, done: int) -> None:
        if stop():
            raise StoppedError(
                f"stopped while it surveyed {path}; nothing was sent; run the same command again"
            )
        progress(path, done)

    return surveyed


def _redrive(
    settings: Settings, manifests: Sequence[Manifest], meter: Meter, stop: Stop, screen: Screen
) -> None:
    """Send again what can be; whatever keeps it from that, the run itself is sealed and settled."""
    try:
        redrive_once(settings, manifests, meter, stop, screen)
    except StoppedError:
        raise
    except (AvstarError, OSError) as error:
        log.warning("not sent again", extra={"error": str(error)})
        screen.tell(f"not sent again: {error}; later: avstar dlq redrive {settings.out_folder}")


def _sealed(settings: Settings, export: Export) -> Manifest:
    if manifest := sealed_manifest(settings, export):
        return manifest
    raise RefusedError(f"the ledger of {export.path} went away while it was read")
