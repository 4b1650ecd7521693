"""What the traffic system says that an export holds: its `<export>.manifest.json`."""

import errno
import json
import os
import stat
from operator import index
from pathlib import Path
from typing import NamedTuple

from connectors.errors import RefusedError, unread

_MOST_BYTES = 1 << 16
"""Of such a file; it holds a digest and a count."""

_SHA256_DIGITS = 64


class Told(NamedTuple):
    """A count of records, and a SHA-256 in small letters; `content` is the file itself."""

    records: int
    checksum: str
    content: bytes


def read_told(path: Path) -> Told | None:
    """Read such a file whoever wrote it, and whatever it is; None if there is none.

    Raises:
        RefusedError: It cannot be used.
        HaltedError: The disk fails.
    """
    try:
        content = _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unread(path, error) from None
    if content is None or len(content) > _MOST_BYTES:
        what = "no file" if content is None else f"of more than {_MOST_BYTES:,} bytes"
        raise RefusedError(f"{path} cannot be used: it is {what}; have it written anew")
    try:
        told = json.loads(content)
        return Told(index(told["records"]), _checksum(told["sha256"]), content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RefusedError(
            f'{path} cannot be used: {_words(error)}; it must hold {{"records", "sha256"}}'
        ) from None


def _read(path: Path) -> bytes | None:
    """Return no more than one byte too many; None of what is no file: a pipe never ends."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(_MOST_BYTES + 1)
    finally:
        os.close(handle)


def _checksum(told: str) -> str:
    if len(told) != _SHA256_DIGITS or set(told.lower()) - set("0123456789abcdef"):
        raise ValueError(f"a SHA-256 has {_SHA256_DIGITS} hexadecimal digits")
    return told.lower()


def _words(error: Exception) -> str:
    """Say what is wrong, and no more of what was read than fits in a line."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no UTF-8"
    return repr(error)[:200]
