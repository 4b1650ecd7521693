"""SIGTERM and SIGINT: the first asks the run to stop, the second leaves at once."""

import atexit
import logging
import signal
from queue import SimpleQueue
from threading import Thread
from types import FrameType

from connectors.stop import Stop
from dataflows.leave import leave

log = logging.getLogger(__name__)

NUMBERS = (signal.SIGTERM, signal.SIGINT)

EXIT_STOPPED = 75
"""Stopped before the end; run again to resume (EX_TEMPFAIL)."""

_LEFT = "avstar: left at once, with a batch in hand; run the same command again to resume\n"

_LAST_WORDS_SECONDS = 5.0


def stop_on_signals(stop: Stop) -> None:
    """Install the handlers; works in the main thread only, as Python has it."""
    heard: list[int] = []  # a stop that another process asked for is no signal
    tell = _teller()

    def handle(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            leave(EXIT_STOPPED, _LEFT)  # snapshots are durable, so leaving at once loses nothing
        stop.request()
        tell.put(signal.Signals(number).name)

    for number in NUMBERS:
        signal.signal(number, handle)


def _teller() -> "SimpleQueue[str]":
    """Start the thread that writes to the log which signals were heard.

    The handler must take no lock: it may have interrupted who holds it, in the middle of a log line
    or of the start of a thread. To put something into this kind of queue takes none.
    """
    signals: SimpleQueue[str] = SimpleQueue()

    def tell() -> None:
        while name := signals.get():
            log.warning("draining", extra={"signal": name})

    def end() -> None:
        signals.put("")
        thread.join(_LAST_WORDS_SECONDS)

    thread = Thread(target=tell, name="avstar-signals", daemon=True)
    thread.start()
    atexit.register(end)
    return signals
