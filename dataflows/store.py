"""The recovery store of a run: prepared once, used by one run at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from bytewax.recovery import RecoveryConfig, init_db_dir

from connectors.errors import RefusedError

_NO_BACKUP = timedelta(0)
"""With epoch interval 0 the engine keeps snapshots for ever unless this is 0."""


@contextmanager
def recovery_store(folder: Path) -> Iterator[RecoveryConfig]:
    """Prepare the store if it is new, and hold its lock.

    Raises:
        RefusedError: It cannot be written, or another run uses it.
    """
    with _locked(folder):
        if not list(folder.glob("part-*.sqlite3")):
            init_db_dir(folder, 1)
        yield RecoveryConfig(folder, _NO_BACKUP)


def _locked(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a+")
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder} cannot be written: {error.strerror}; choose another folder"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise RefusedError(
            f"{folder} is in use by another run (process {holder}); wait for it or give --state"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
