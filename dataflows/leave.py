"""Leave the process at once, whatever its threads are doing."""

import os
import select
import sys
from contextlib import suppress

_SHOW_CURSOR = "\x1b[?25h\n"
"""A progress bar hides it."""


def leave(code: int, line: str = "") -> None:
    """End the process with a line on standard error. Snapshots are durable, so nothing is lost.

    Where the line finds no reader or no room, the process ends without it.
    """
    handle = sys.stderr.fileno()  # not always 2: the engine's noise is kept from the terminal
    if os.isatty(handle):
        line = f"{_SHOW_CURSOR}{line}"
    room = select.poll()
    room.register(handle, select.POLLOUT)
    if room.poll(0):
        with suppress(OSError):
            os.write(handle, line.encode())
    os._exit(code)
