"""The archive: the ledgers, and in each the export that it is about."""

import errno
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.errors import ChangedError, HaltedError, RefusedError, unread
from connectors.ledger.files import sha256_of, sync_folder
from connectors.records import Export
from dataflows.follow.landing import Landing
from dataflows.follow.names import companions
from dataflows.sent_before import ARCHIVED

log = logging.getLogger(__name__)

_DRAFT = ".export.draft"
_BLOCK = 1 << 20


class Archived(NamedTuple):
    """Where an export is in the archive, and the original, if that is a copy."""

    place: Path
    original: Path


def archive(
    folder: Path, landing: Landing, export: Export, progress: Callable[[], object]
) -> Archived:
    """Move the export in hand into its ledger, and return where it is now.

    Within a file system that is one step. Between two it is copied, compared, and named when it is
    whole; only then what was copied is put by: who has it open may still write to it. What came
    with it and cannot be copied is put among the rejected.

    Args:
        folder: The archive.
        landing: Where the export is in hand.
        export: What it is, as surveyed.
        progress: Called for every block that is copied or compared; what it raises ends that.

    Raises:
        ChangedError: The export is written to; it is still in hand, and not in the archive.
        RefusedError: It was archived before, and that is not what it was.
        HaltedError: The copy differs, or what was archived before cannot be read.
        OSError: It cannot be written, or the export not read.
    """
    place = folder / export.key / ARCHIVED
    moved = place / export.path.name
    if place.exists():
        _confirm(moved, export, progress)  # by a run that was cut off, or when the same came before
        return Archived(moved, landing.put_by(export.path, export.key, _copied(export.path, place)))
    try:
        export.path.parent.rename(place)
        sync_folder(landing.folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(export, place, progress)
        return Archived(moved, landing.put_by(export.path, export.key, _copied(export.path, place)))
    sync_folder(place.parent)
    return Archived(moved, moved)


def _copied(export: Path, place: Path) -> set[str]:
    """Return what need not be kept: what is in the archive, and what says no more than that."""
    names = {path.name for path in place.iterdir()}
    for path in companions(export):
        with suppress(OSError), _open(path):
            names.add(path.name)
    return names


def _copy(export: Export, place: Path, progress: Callable[[], object]) -> None:
    draft = place.with_name(_DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    for path in sorted(export.path.parent.iterdir()):
        try:
            source = _open(path)
        except OSError as error:
            if path == export.path:
                raise
            log.warning("not archived", extra={"file": str(path), "error": str(error)})
            continue
        with source:
            _copy_file(source, draft / path.name, progress)
    sync_folder(draft)
    same = sha256_of(draft / export.path.name, progress) == export.checksum
    if export.path.stat().st_size != export.size:
        raise ChangedError(f"{export.path} was written to while it was copied")
    if not same:
        raise HaltedError(f"the copy of {export.path} in {draft} differs from it; run again")
    draft.rename(place)
    sync_folder(place.parent)


def _open(path: Path) -> BinaryIO:
    if not path.is_file():  # of a pipe, opening waits for its writer
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return path.open("rb")


def _copy_file(source: BinaryIO, copy: Path, progress: Callable[[], object]) -> None:
    with copy.open("wb") as out:
        while block := source.read(_BLOCK):
            out.write(block)
            progress()
        out.flush()
        os.fsync(out.fileno())
    with suppress(OSError):  # times and permissions are a courtesy; some file systems have none
        shutil.copystat(source.name, copy)


def _confirm(copy: Path, export: Export, progress: Callable[[], object]) -> None:
    try:
        same = copy.is_file() and sha256_of(copy, progress) == export.checksum
    except OSError as error:
        raise unread(copy, error) from None
    if not same:
        raise RefusedError(
            f"it is settled, and {copy} is not what was archived any more (SHA-256 "
            f"{export.checksum}); this is: put it there, or move {copy.parent} away and this one "
            "back to have it archived; nothing was sent"
        )
