"""The origin: the checkpoint at which a run goes on that has no snapshots.

It is a copy of `.checkpoint`, made once, when the state folder is found to be lost. `.checkpoint`
itself cannot serve: it moves on with every batch, and may be ahead of the snapshots by one.
"""

from dataclasses import replace
from pathlib import Path

from connectors.errors import HaltedError
from connectors.ledger.book import BookState
from connectors.ledger.checkpoint import Checkpoint, read_checkpoint
from connectors.ledger.identity import read_identity
from connectors.records import Export, Split

ORIGIN = ".origin"


def write_origin(folder: Path, checkpoint: Checkpoint) -> None:
    """Let a run without snapshots go on at a checkpoint."""
    checkpoint.write(folder, ORIGIN)


def begun(folder: Path, export: Export) -> Export:
    """Return an export as its upload has to read it: divided as it was, without what is settled.

    Raises:
        RefusedError: What says so is damaged, or of another version.
    """
    identity, origin = read_identity(folder), read_checkpoint(folder, ORIGIN)
    splits = identity.divided() if identity else export.splits
    places = origin.places if origin else {}
    left = (_left(split, places.get(f"lane-{i}")) for i, split in enumerate(splits))
    return replace(export, splits=tuple(left))


def _left(split: Split, place: tuple[int, int] | None) -> Split:
    return Split(place[0], split.end, place[1]) if place else split


def resumed(folder: Path, state: BookState | None) -> BookState | None:
    """Return where a book goes on: at its snapshot, or without one at the origin.

    Raises:
        HaltedError: The snapshot is older than the origin, so that the lanes would leave records
            out which it does not hold.
        RefusedError: The origin is damaged, or of another version.
    """
    origin = read_checkpoint(folder, ORIGIN)
    if origin is None:
        return state
    first = _state(origin)
    if state is None:
        return first
    if any(state.lanes.get(lane, (0, 0)) < place for lane, place in first.lanes.items()):
        raise HaltedError(
            f"the state folder is older than {folder}, which went on without it meanwhile; remove "
            "the state folder, and the run goes on from the ledger's .checkpoint"
        )
    return state


def _state(origin: Checkpoint) -> BookState:
    return BookState(
        origin.receipts_bytes,
        origin.dead_letters_bytes,
        origin.counts,
        origin.places,
        origin.started_at,
    )
