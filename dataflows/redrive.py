"""Send again what can be: a run of its own, over a sheet, into a ledger that names the first."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from connectors.ledger import Manifest
from connectors.stop import Stop
from dataflows.exports import open_exports, sealed_manifest, unsealed
from dataflows.meter import Meter
from dataflows.redrive_sheets import (
    LINE_LIMIT,
    night_of_sheet,
    remove_unsent_sheets,
    tried,
    unfinished_sheets,
    write_redrive_sheets,
)
from dataflows.runner import run
from dataflows.screen import Screen
from dataflows.settings import Settings

REDRIVABLE = ("circuit_open", "retries_exhausted")

_BAD_IN_A_ROW = 5
"""Spots without a good answer, last and in a row, that say that the API is not well."""


def redrive_once(
    settings: Settings, manifests: Iterable[Manifest], meter: Meter, stop: Stop, screen: Screen
) -> list[Manifest]:
    """Send the dead letters of a run again, the first time and if the API is well.

    What a stop or a crash cut off goes on. `meter` is the run's: by its last spots it is known
    whether the API is well; where nothing was sent, nobody knows, and it is tried.

    Returns:
        The manifests of what was sent again.
    """
    out = settings.out_folder
    able = [one for one in manifests if any(one.reasons.get(reason) for reason in REDRIVABLE)]
    names = [one.ledger for one in able]
    remove_unsent_sheets(out)
    sheets = [sheet for sheet in unfinished_sheets(out) if night_of_sheet(sheet) in names]
    fresh = [name for name in names if not tried(out, name)]
    if fresh and meter.unanswered >= _BAD_IN_A_ROW:
        screen.tell(f"Avstar was not well at the end; later: avstar dlq redrive {out}")
    elif fresh:
        sheets += write_redrive_sheets(out, fresh)
    return redrive(settings, sheets, stop, screen) if sheets and not stop() else []


def redrive(
    settings: Settings, sheets: Sequence[Path], stop: Stop, screen: Screen
) -> list[Manifest]:
    """Upload sheets of dead letters and show how it went.

    Raises:
        RefusedError: A setting cannot be used, or the spots were meant for another API.
        HaltedError: The API does not take them.
        StoppedError: It was asked to stop; the same again goes on.
    """
    again = settings.model_copy(
        update={"exports": tuple(sheets), "line_limit": LINE_LIMIT, "stations": None}
    )
    exports, meter = open_exports(again), Meter()
    todo = unsealed(again, exports)
    with screen.running(todo, meter):
        run(again, todo, stop, meter, tell=screen.tell)
    found = [manifest for export in exports if (manifest := sealed_manifest(again, export))]
    for manifest in found:
        screen.summary(manifest)
    return found
