"""A ledger is written by one run at a time, whichever state folder the others may have."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connectors.errors import RefusedError
from connectors.lock import try_lock


@contextmanager
def hold(folders: Iterable[Path]) -> Iterator[None]:
    """Make the ledgers' folders where they are not there, and keep other runs from them.

    The hold is on the folder itself: it goes with the process, and leaves no file behind. Where a
    network file system has no locks, that of the state folder is left.

    Raises:
        RefusedError: Another run writes one of them, or it cannot be written at all.
    """
    with ExitStack() as stack:
        for folder in folders:
            stack.callback(os.close, _held(folder))
        yield


def _held(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder} cannot be written: {error.strerror}; choose another folder"
        ) from None
    try:
        _lock(handle, folder)
    except (RefusedError, OSError):
        os.close(handle)
        raise
    return handle


def _lock(handle: int, folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RefusedError(f"{folder} cannot be written; choose another folder")
    if not try_lock(handle):
        raise RefusedError(f"{folder} is written by another run; wait for it to end")
