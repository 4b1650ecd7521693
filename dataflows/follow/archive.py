"""The archive: the ledgers, and in each the export that it is about."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from connectors.errors import HaltedError
from connectors.ledger.files import sha256_of, sync_folder
from connectors.records import Export
from dataflows.follow.landing import Landing

EXPORT = "export"
"""Folder in a ledger for its export and what came with it."""

_DRAFT = ".export.draft"
_BLOCK = 1 << 20


def archive(folder: Path, landing: Landing, export: Export, progress: Callable[[], object]) -> Path:
    """Move the export in hand into its ledger, and return where it is now.

    Within a file system that is one step. Between two it is copied, compared, and named when it is
    whole; only then is what was copied removed.

    Args:
        folder: The archive.
        landing: Where the export is in hand.
        export: What it is, as surveyed.
        progress: Called for every block that is copied.

    Raises:
        HaltedError: The ledger has another export already, or the copy differs.
        OSError: It cannot be written.
    """
    place = folder / export.key / EXPORT
    moved = place / export.path.name
    if place.exists():
        _confirm(moved, export)  # by a run that was cut off, or when the same came before
        landing.discard()
        return moved
    try:
        export.path.parent.rename(place)
        sync_folder(landing.folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(export.path.parent, place, progress)
        _confirm(moved, export)
        landing.discard()
    sync_folder(place.parent)
    return moved


def _copy(source: Path, place: Path, progress: Callable[[], object]) -> None:
    draft = place.with_name(_DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for path in sorted(source.iterdir()):
        _copy_file(path, draft / path.name, progress)
    sync_folder(draft)
    draft.rename(place)
    sync_folder(place.parent)


def _copy_file(source: Path, copy: Path, progress: Callable[[], object]) -> None:
    with source.open("rb") as file, copy.open("wb") as out:
        while block := file.read(_BLOCK):
            out.write(block)
            progress()
        out.flush()
        os.fsync(out.fileno())
    shutil.copystat(source, copy)


def _confirm(copy: Path, export: Export) -> None:
    if not copy.is_file() or sha256_of(copy) != export.checksum:
        raise HaltedError(
            f"{copy} is not {export.path}, though its ledger is; move {copy.parent} away, and run "
            "again"
        )
