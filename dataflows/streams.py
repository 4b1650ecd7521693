"""Standard output and error of the process, where they are closed, full or read by nobody.

What is said there is for people; that nobody hears it changes nothing of what is done.
"""

import os
import sys
from typing import TextIO

_STANDARD = 2
"""The highest number of the standard streams, from 0."""


def open_closed() -> None:
    """Lead streams that are closed nowhere: the next file to be opened would get their words."""
    while (spare := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        pass
    os.close(spare)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def let_go(stream: TextIO) -> None:
    """Flush a stream and drop what cannot be written: it would fail whoever flushes it next."""
    try:
        stream.flush()
    except OSError:
        _drop(stream)


def _drop(stream: TextIO) -> None:
    kept, nowhere = os.dup(stream.fileno()), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    stream.flush()
    os.dup2(kept, stream.fileno())
    os.close(kept)
    os.close(nowhere)
