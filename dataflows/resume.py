"""Where an upload goes on: at the snapshots of its state folder, or at its ledger's checkpoint."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.errors import RefusedError, UnfitError, unwritten
from connectors.ledger import (
    Checkpoint,
    Identity,
    identity_of,
    loss,
    read_checkpoint,
    read_identity,
    write_origin,
)
from connectors.ledger.identity import IDENTITY
from connectors.ledger.manifest import MANIFEST
from connectors.records import Export
from dataflows.knowledge import Knowledge, knowledge
from dataflows.settings import Settings

log = logging.getLogger(__name__)


def prepare(
    settings: Settings,
    exports: Sequence[Export],
    state: Path,
    tell: Callable[[str], object] = lambda _line: None,
) -> None:
    """Make the ledgers ready to be gone on with, and note what their exports are.

    A state folder that knows nothing of an upload with a checkpoint is a lost one: the run will go
    on at the checkpoint, where otherwise it would begin anew. In a cluster the process that has
    the store does this, before any other reads.

    Args:
        settings: Settings of the run.
        exports: What is uploaded.
        state: The state folder, with its store.
        tell: Called with lines for people.

    Raises:
        UnfitError: State folder and ledger of an export do not fit together.
        RefusedError: The settings do not fit to either.
        HaltedError: The ledger cannot be written now.
    """
    for export in exports:
        _prepare(settings, export, state, tell)


def _prepare(
    settings: Settings, export: Export, state: Path, tell: Callable[[str], object]
) -> None:
    folder = settings.out_folder / export.key
    delivery = settings.delivery()
    asked = identity_of(
        export,
        api_url=delivery.api_url,
        line_limit=settings.line_limit,
        stations=settings.stations,
    )
    begun = read_identity(folder)
    if begun and not begun.is_of(export):
        raise UnfitError(
            f"{folder / IDENTITY} is damaged; put back the one that was there, or move {folder} "
            "away to begin anew"
        )
    if begun:
        _refuse_other_settings(folder, begun, asked, moved=not delivery.is_at(begun.api_url))
    known, checkpoint = knowledge(state, export), _checkpoint(folder)
    if known is Knowledge.SEALED:
        _refuse_unsealed(folder, state)
    if checkpoint or known is Knowledge.LEDGER:
        _refuse_loss(folder, export, checkpoint, state if known is Knowledge.LEDGER else None)
    lost = checkpoint if known is Knowledge.NOTHING else None
    try:
        if lost:
            write_origin(folder, lost)
        if not begun:
            asked.write(folder)
    except OSError as error:
        raise unwritten(folder, error.strerror) from None
    if lost:
        _tell_lost(state, export, lost, tell)


def _checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint of an upload; a check has one as well, which counts for nothing."""
    checkpoint = read_checkpoint(folder)
    return checkpoint if checkpoint and checkpoint.mode == "upload" else None


def _refuse_unsealed(folder: Path, state: Path) -> None:
    raise UnfitError(
        f"{folder / MANIFEST} is gone, but {state} knows that it was there; put the ledger back, "
        f"or move {state} away to go on without it: what the ledger still holds is kept, the rest "
        "is sent again and counted as duplicate, and nothing is scheduled twice"
    )


def _refuse_loss(
    folder: Path, export: Export, checkpoint: Checkpoint | None, state: Path | None
) -> None:
    if lost := loss(folder, export, checkpoint):
        both = f"{folder} and {state}" if state else f"{folder}"
        raise UnfitError(
            f"{lost}: part of the ledger is lost; put it back, or move {both} away to begin anew "
            "(what was delivered is then sent again and counted as duplicate; nothing is scheduled "
            "twice)"
        )


def _tell_lost(
    state: Path, export: Export, checkpoint: Checkpoint, tell: Callable[[str], object]
) -> None:
    settled, total = checkpoint.settled, checkpoint.total_records
    log.warning(
        "state lost, going on from the ledger",
        extra={"export": export.key, "state": str(state), "settled": settled, "records": total},
    )
    tell(
        f"{state} knows nothing of {export.path.name}: going on from its ledger, in which "
        f"{settled:,} of {total:,} records are settled"
    )


def _refuse_other_settings(folder: Path, begun: Identity, asked: Identity, *, moved: bool) -> None:
    """A spot must not go or end elsewhere than before, nor the manifest name other stations."""
    if moved:
        raise RefusedError(
            f"{folder} was begun with --api-url {begun.api_url}, and this is {asked.api_url}; give "
            f"another --out to upload it there as well, or, if the API itself moved, write its new "
            f"address into {folder / IDENTITY}"
        )
    if begun.line_limit != asked.line_limit:
        raise RefusedError(
            f"{folder} was begun with --line-limit {begun.line_limit}, and this is "
            f"{asked.line_limit}; give the same again"
        )
    if begun.stations != asked.stations:
        raise RefusedError(
            f"{folder} was begun with {_stations(begun)}, and this is {_stations(asked)}; give the "
            "same again"
        )


def _stations(identity: Identity) -> str:
    if identity.stations is None:
        return "all stations"
    return f"--stations {','.join(identity.stations)}"
