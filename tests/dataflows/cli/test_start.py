import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

EARLY = """
import os, sys
from dataflows.cli.start import main

class Signalled:
    def find_spec(self, name, path=None, target=None):
        if name == "dataflows.cli.app":
            os.kill(os.getpid(), {number:d})

sys.meta_path.insert(0, Signalled())
main()
"""
"""The command with a signal that comes while it still imports."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_anything_is_there_is_one_line(number: signal.Signals) -> None:
    words = [sys.executable, "-c", EARLY.format(number=number)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (75, "")
    assert ended.stderr == "avstar: stopped before the end; run the same command again\n"


def test_a_command_that_cannot_settle_first_leaves_in_one_line(avstar: Any, tmp_path: Path) -> None:
    export = tmp_path / "day.ndjson"
    running = avstar.start("generate", export, "--records", "100000000")
    running.until(lambda: any(path.stat().st_size for path in tmp_path.glob("*day.ndjson*")))
    ended = running.finish(signal.SIGINT)
    assert ended.code == 75
    assert ended.err == "avstar: stopped before the end; run the same command again\n"
