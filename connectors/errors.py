"""What ends a run. Bad records never do: they flow on as dead letters."""

import errno
from pathlib import Path

_OF_THE_FILE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
    errno.ENAMETOOLONG,
}
"""What a file's name, place or permissions come to; all else is the machine's, and may pass."""


class AvstarError(Exception):
    """Base of every error that this package raises on purpose.

    The message is one line for people: what, where, how to mend. It never holds a secret.
    """


class RefusedError(AvstarError):
    """The run cannot begin: a setting, a file or a folder is wrong, and nothing was sent."""


class UnfitError(RefusedError):
    """One export cannot be gone on with, and nothing was sent; others can."""


class NotYetError(RefusedError):
    """One export has to wait until another upload is finished, and nothing was sent."""


class HaltedError(AvstarError):
    """The run cannot go on: credentials or URL are wrong, or the machine hinders it.

    Nothing was dead-lettered for it.
    """


class ChangedError(HaltedError):
    """An export is no longer what was surveyed, or not there any more; others can be gone on with.

    What was read of it so far is as it was surveyed.
    """


class StoppedError(AvstarError):
    """The run was asked to stop and left before its batch was settled; run it again to resume."""


def unread(path: Path, error: OSError) -> RefusedError | HaltedError:
    """Return the error of a file that cannot be read: its own, or that of the machine."""
    words = f"{path} cannot be read: {error.strerror}"
    if error.errno in _OF_THE_FILE:
        return RefusedError(words)
    return HaltedError(f"{words}; mend that and run again: nothing is lost")


def unread_meanwhile(path: Path, error: OSError) -> HaltedError:
    """Return the error of an export that could be read when it was surveyed."""
    kind = ChangedError if error.errno in _OF_THE_FILE else HaltedError
    return kind(
        f"{path} cannot be read any more: {error.strerror}; put it back and run again to go on"
    )


def unwritten(where: Path, why: str | None) -> HaltedError:
    """Return the error of a disk that is full or fails: all was safe that was settled before."""
    return HaltedError(
        f"{where} cannot be written: {why}; mend that and run again to go on: nothing is lost"
    )
