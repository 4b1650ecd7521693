"""Keep the engine's panic noise off the terminal while it runs."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO


class Noise:
    """What was written to the process's standard error meanwhile.

    `stderr` is the real one, for those who have something to say.
    """

    def __init__(self, stderr: TextIO, file: IO[bytes]) -> None:
        self.stderr = stderr
        self._file = file

    def text(self) -> str:
        """Return all of it."""
        self._file.seek(0)
        return self._file.read().decode(errors="replace")


@contextmanager
def quiet_engine() -> Iterator[Noise]:
    """Redirect file descriptor 2, to which the engine's panics go, for the time of a run."""
    sys.stderr.flush()
    saved = os.dup(2)
    with (
        tempfile.TemporaryFile() as file,
        os.fdopen(os.dup(saved), "w", buffering=1, encoding="utf-8") as stderr,
    ):
        os.dup2(file.fileno(), 2)
        before, sys.stderr = sys.stderr, stderr
        try:
            yield Noise(stderr, file)
        finally:
            sys.stderr = before
            os.dup2(saved, 2)
            os.close(saved)
