"""SIGTERM and SIGINT: the first asks the run to stop, the second leaves at once."""

import logging
import signal
from threading import Thread
from types import FrameType

from connectors.stop import Stop
from dataflows.leave import leave

log = logging.getLogger(__name__)

NUMBERS = (signal.SIGTERM, signal.SIGINT)

EXIT_STOPPED = 75
"""Stopped before the end; run again to resume (EX_TEMPFAIL)."""

_LEFT = "avstar: left at once, with a batch in hand; run the same command again to resume\n"


def stop_on_signals(stop: Stop) -> None:
    """Install the handlers; works in the main thread only, as Python has it."""
    heard: list[int] = []  # a stop that another process asked for is no signal

    def handle(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            leave(EXIT_STOPPED, _LEFT)  # snapshots are durable, so leaving at once loses nothing
        stop.request()
        # In a thread: the signal may have come while this one was writing a log line.
        name = signal.Signals(number).name
        Thread(target=log.warning, args=["draining"], kwargs={"extra": {"signal": name}}).start()

    for number in NUMBERS:
        signal.signal(number, handle)
