"""SIGTERM and SIGINT: the first asks the run to stop, the second leaves at once."""

import logging
import os
import signal
import sys
from threading import Thread
from types import FrameType

from connectors.stop import Stop

log = logging.getLogger(__name__)

NUMBERS = (signal.SIGTERM, signal.SIGINT)

EXIT_STOPPED = 75
"""Stopped before the end; run again to resume (EX_TEMPFAIL)."""


def stop_on_signals(stop: Stop) -> None:
    """Install the handlers; works in the main thread only, as Python has it."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop():
            _show_cursor()
            os._exit(EXIT_STOPPED)  # snapshots are durable, so leaving at once loses nothing
        stop.request()
        # In a thread: the signal may have come while this one was writing a log line.
        name = signal.Signals(number).name
        Thread(target=log.warning, args=["draining"], kwargs={"extra": {"signal": name}}).start()

    for number in NUMBERS:
        signal.signal(number, handle)


def _show_cursor() -> None:
    """Give a terminal back the cursor that the progress bar has hidden."""
    handle = sys.stderr.fileno()  # not always 2: the engine's noise is kept from the terminal
    if os.isatty(handle):
        os.write(handle, b"\x1b[?25h\n")
