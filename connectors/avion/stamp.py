"""What the file system says of a file, by which a change is noticed without reading it."""

import os
from pathlib import Path


def stamp_of(file: Path | int) -> tuple[int, ...]:
    """Return a file's device, number, size and times; equal stamps mean an equal file.

    The time of the last change of its entry is among them, which no tool sets back. Unequal stamps
    mean nothing yet: a file that was touched or copied has another one.

    Raises:
        OSError: It is not there.
    """
    status = os.stat(file)  # noqa: PTH116 - of an open file too
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
