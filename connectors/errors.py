"""What ends a run. Bad records never do: they flow on as dead letters."""

from pathlib import Path


class AvstarError(Exception):
    """Base of every error that this package raises on purpose.

    The message is one line for people: what, where, how to mend. It never holds a secret.
    """


class RefusedError(AvstarError):
    """The run cannot begin: a setting, a file or a folder is wrong, and nothing was sent."""


class UnfitError(RefusedError):
    """One export cannot be gone on with, and nothing was sent; others can."""


class HaltedError(AvstarError):
    """The run cannot go on: credentials or URL are wrong. Nothing was dead-lettered for it."""


class StoppedError(AvstarError):
    """The run was asked to stop and left before its batch was settled; run it again to resume."""


def unwritten(where: Path, why: str | None) -> HaltedError:
    """Return the error of a disk that is full or fails: all was safe that was settled before."""
    return HaltedError(
        f"{where} cannot be written: {why}; mend that and run again to go on: nothing is lost"
    )
