"""Where exports that were set aside are, and in which words it stands why."""

import os
from itertools import count
from pathlib import Path

from connectors.ledger.files import write_whole
from dataflows.follow.names import reason_of

_LONGEST_BYTES = 240
"""Of a name to which a number is added; a file system takes 255."""


def free(rejected: Path, name: str) -> Path:
    """Return a place for an export of a name that is not taken; the folder is made."""
    rejected.mkdir(exist_ok=True)
    numbered = (rejected / (name if n == 1 else f"{_short(name)}.{n}") for n in count(1))
    return next(path for path in numbered if not os.path.lexists(path))


def write_reason(export: Path, reason: str) -> None:
    """Write down why an export is set aside; what is no text in that is shown as what it is."""
    write_whole(reason_of(export), f"{reason}\n".encode(errors="backslashreplace"))


def _short(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:_LONGEST_BYTES])
