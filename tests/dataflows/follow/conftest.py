"""A landing folder with an export, and processes that are killed while they work there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dataflows.follow import steps
from tests.processes import ROOT


@pytest.fixture
def killed(tmp_path: Path) -> Callable[..., list[Path]]:
    """Return, for each step of an action, a folder in which a process was killed before it."""

    def kills(*words: str) -> list[Path]:
        command = [sys.executable, steps.__file__, str(tmp_path), *words]
        done = subprocess.run(
            command, env={"PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.PIPE, text=True
        )
        steps_taken = int(done.stdout)
        assert steps_taken > 8
        return [tmp_path / str(step) for step in range(steps_taken + 1)]

    return kills


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return steps.arrived(tmp_path / "alone")
