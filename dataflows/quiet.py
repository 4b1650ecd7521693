"""Keep the engine's panic noise off the terminal while it runs."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TextIO

from dataflows.streams import let_go


class Noise:
    """What was written to the process's standard output and error meanwhile.

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
    """Redirect file descriptors 1 and 2 for the time of a run.

    The engine's panics go to the second, and its words about other processes to the first.
    """
    let_go(sys.stdout)
    let_go(sys.stderr)
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8")
        stack.callback(_close, stderr)
        before, sys.stderr = sys.stderr, stderr
        stack.callback(setattr, sys, "stderr", before)
        for descriptor in (1, 2):
            stack.callback(_restore, os.dup(descriptor), descriptor)
            os.dup2(file.fileno(), descriptor)
        yield Noise(stderr, file)


def _close(stream: TextIO) -> None:
    let_go(stream)
    stream.close()


def _restore(saved: int, descriptor: int) -> None:
    os.dup2(saved, descriptor)
    os.close(saved)
