"""Files that are whole or not there, and stay as they are."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from connectors.errors import HaltedError, RefusedError, unread

T = TypeVar("T")

READ_ONLY = 0o444
_BLOCK = 1 << 20


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step that survives a power cut: the old content or the new."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def read_values(path: Path, kind: Callable[..., T], version: int | None = None) -> T | None:
    """Make an object of a JSON file's members; None if there is no file.

    Raises:
        RefusedError: The file is not what `kind` needs, or not of the `version` given.
        HaltedError: The disk fails.
    """
    try:
        values = json.loads(path.read_bytes())
        if version is not None and values["version"] != version:
            raise RefusedError(
                f"{path} was written by another version of avstar (its format is "
                f"{values['version']}, ours {version}); finish the export with that one"
            )
        return kind(**values)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, OSError) and isinstance(why := unread(path, error), HaltedError):
            raise why from None
        raise RefusedError(
            f"{path} is damaged ({type(error).__name__}); put back the one that was there, or "
            "move the ledger away to begin anew"
        ) from None


def sync_folder(folder: Path) -> None:
    """Make names created or replaced in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path, progress: Callable[[], object] = lambda: None) -> str:
    """Return a file's SHA-256 in hex; `progress` is called for every block."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            progress()
    return digest.hexdigest()
