"""Where `avstar` begins: a signal is answered in one line before anything else is there."""

import os
import signal
import sys
from types import FrameType

from dataflows.signals import EXIT_STOPPED, NUMBERS
from dataflows.streams import let_go, open_closed

_LINE = b"avstar: stopped before the end; run the same command again\n"


def main() -> None:
    """Run the command line. A command that can settle first has handlers of its own."""
    open_closed()
    for number in NUMBERS:
        signal.signal(number, _leave)
    from dataflows.cli import app  # noqa: PLC0415 - it takes a second, in which signals come too

    try:
        app.main()
    finally:
        let_go(sys.stdout)
        let_go(sys.stderr)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os.write(2, _LINE)
    os._exit(EXIT_STOPPED)
