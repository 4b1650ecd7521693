"""A file is given a name that nobody else has: what arrives under it meanwhile stays."""

import errno
import os
from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""How a file system says that it has no second names, or gives this file none."""


def give(source: Path, place: Path) -> bool:
    """Move a file within a file system, and tell whether the place was free.

    Raises:
        OSError: It cannot be moved.
    """
    try:
        os.link(source, place, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(place):  # the best that can be done there
            return False
        source.rename(place)
        return True
    source.unlink()
    return True


def is_given(source: Path, place: Path) -> bool:
    """Tell whether both are one file: a move was cut off in its middle."""
    try:
        return source.samefile(place)
    except OSError:
        return False
