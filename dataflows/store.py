"""The recovery store of a run: prepared once, used by one run at a time."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from bytewax.recovery import RecoveryConfig, init_db_dir

from connectors.errors import RefusedError, unwritten
from connectors.lock import try_lock
from dataflows.quiet import quiet_engine

PARTS = "part-*.sqlite3"
"""Files of a store."""

_FAILURE = re.compile(r'SqliteFailure\(.*?Some\("([^"]*)"\)', re.DOTALL)

_NO_BACKUP = timedelta(0)
"""With epoch interval 0 the engine keeps snapshots for ever unless this is 0."""


@contextmanager
def recovery_store(folder: Path) -> Iterator[RecoveryConfig]:
    """Prepare the store if it is new, and hold its lock.

    Raises:
        RefusedError: It cannot be written, or another run uses it.
        HaltedError: It cannot be written now.
    """
    with _locked(folder):
        if not list(folder.glob(PARTS)):
            _init(folder)
        yield RecoveryConfig(folder, _NO_BACKUP)


@contextmanager
def no_store() -> Iterator[RecoveryConfig]:
    """Prepare a process whose snapshots are kept in the store of another.

    A cluster has one recovery partition, that of its first process: with one for each, the engine
    could not resume with fewer processes, nor when the volume of any was lost.
    """
    with TemporaryDirectory(prefix="avstar-") as folder:
        yield RecoveryConfig(folder, _NO_BACKUP)


def _init(folder: Path) -> None:
    """Make a store in one step: one cut off in the making would be taken for a store."""
    draft = folder / ".new"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        with quiet_engine():
            init_db_dir(draft, 1)
        [part] = draft.iterdir()  # more: what SQLite had no room to write into it
        part.replace(folder / part.name)
        draft.rmdir()
    except OSError as error:
        raise unwritten(folder, error.strerror) from None
    except ValueError:
        raise unwritten(folder, "there is no room for a store") from None
    except BaseException as error:  # a panic of the engine is no Exception
        if why := failure(str(error)):
            raise unwritten(folder, why) from None
        raise


def failure(words: str) -> str | None:
    """Find in the engine's words why it could not write its store, None if they are of others."""
    found = _FAILURE.search(words)
    return found[1] if found else None


def _locked(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a+")
    except OSError as error:
        raise RefusedError(
            f"{error.filename or folder} cannot be written: {error.strerror}; choose another folder"
        ) from None
    if not try_lock(lock.fileno()):
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise RefusedError(
            f"{folder} is in use by another run (process {holder}); wait for it to end"
        )
    try:
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), str(os.getpid()).encode())  # and nothing that waits for a flush
    except OSError as error:
        raise unwritten(folder, error.strerror) from None
    return lock
