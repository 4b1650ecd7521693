import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.stop import Stop
from dataflows.runner import ExitCode
from dataflows.signals import EXIT_STOPPED, stop_on_signals

ROOT = Path(__file__).parents[2]
NUMBERS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = [(number, signal.getsignal(number)) for number in NUMBERS]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_asks_the_run_to_stop(number: signal.Signals) -> None:
    stop = Stop()
    stop_on_signals(stop)
    assert not stop()
    os.kill(os.getpid(), number)
    assert stop()


def test_a_signal_after_a_stop_that_another_process_asked_for_is_the_first() -> None:
    stop = Stop()
    stop_on_signals(stop)
    stop.request()
    os.kill(os.getpid(), signal.SIGTERM)  # or this test would not go on
    assert stop()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_second_signal_leaves_at_once(number: signal.Signals) -> None:
    code = (
        "import os, signal\n"
        "from connectors.stop import Stop\n"
        "from dataflows.signals import stop_on_signals\n"
        "stop_on_signals(Stop())\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        f"os.kill(os.getpid(), {number:d})\n"
    )
    words = [sys.executable, "-c", code]
    ended = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == EXIT_STOPPED
    assert "avstar: left at once, with a batch in hand; run the same command" in ended.stderr


def test_leaving_at_once_is_a_stop_like_any_other() -> None:
    assert EXIT_STOPPED == ExitCode.STOPPED == 75


def test_leaving_at_once_gives_a_terminal_its_cursor_back() -> None:
    ours, theirs = pty.openpty()
    code = (
        "import os, signal\n"
        "from connectors.stop import Stop\n"
        "from dataflows.quiet import quiet_engine\n"
        "from dataflows.signals import stop_on_signals\n"
        "stop_on_signals(Stop())\n"
        "with quiet_engine():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=theirs, check=False)
    assert ended.returncode == EXIT_STOPPED
    assert b"\x1b[?25h" in os.read(ours, 1 << 16)
    os.close(theirs)
    os.close(ours)
