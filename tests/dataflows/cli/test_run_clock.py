"""The wall clock is set back or forward, while a run is under way and between runs."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_checkpoint, read_manifest

New = Callable[..., Any]

HOUR = 3600
SMALL = ("--checkpoint-records", "50")


class Clock:
    """The wall clock of the processes that get its `variables`."""

    def __init__(self, folder: Path) -> None:
        self._shift = folder / "shift"
        self._library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        words = ["cc", "-shared", "-fPIC", "-O1", "-o", self._library, source]
        subprocess.run(words, check=True)
        self.set(0)

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "CLOCK_SHIFT": str(self._shift)}

    def set(self, seconds: int) -> None:
        """Let it be off by so many seconds from now on."""
        draft = self._shift.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(self._shift)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler (cc) to make a clock with; install gcc and libc6-dev")
    return Clock(tmp_path)


@pytest.fixture
def variables(clock: Clock, divided: New) -> dict[str, str]:
    """Several lanes, some of which wait for others."""
    return {**clock.variables, **divided(30_000)}


def test_the_clock_is_that_of_the_process(clock: Clock) -> None:
    script = "import time; print(time.time() - time.clock_gettime(time.CLOCK_MONOTONIC))"
    environment = {**os.environ, **clock.variables}

    def read() -> float:
        words = [sys.executable, "-c", script]
        return float(subprocess.run(words, check=True, capture_output=True, env=environment).stdout)

    before = read()
    clock.set(-HOUR)
    assert -HOUR - 60 < read() - before < -HOUR + 60


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("shift", [-HOUR, HOUR, -20 * 365 * 24 * HOUR])
def test_a_clock_that_is_set_meanwhile_changes_nothing(
    shift: int,
    workers: int,
    api: New,
    new_export: New,
    new_upload: New,
    clock: Clock,
    variables: dict[str, str],
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(1500))
    running = upload.start(*SMALL, "--workers", workers, **variables)
    running.until(lambda: upload.accepted > 200)
    clock.set(shift)
    ledger, at = upload.ledger(), upload.accepted
    running.until(lambda: read_checkpoint(ledger).settled > at + 200)  # checkpoints go on
    assert running.finish().code == 0
    upload.assert_exact(1485)
    assert upload.api.stats()["requests"] == 1485


def test_a_clock_that_is_set_back_between_runs_changes_nothing(
    api: New, new_export: New, new_upload: New, clock: Clock, variables: dict[str, str]
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(1500))
    for shift in (0, -HOUR, -2 * HOUR):
        clock.set(shift)
        goal = upload.accepted + 300
        running = upload.start(*SMALL, **variables)
        running.until(lambda goal=goal: upload.accepted > goal)
        assert running.finish(signal.SIGTERM).code == 75
    assert upload(*SMALL, **variables).code == 0
    upload.assert_exact(1485)
    assert upload.api.stats()["requests"] == 1485
    manifest = read_manifest(upload.ledger())
    assert manifest
    assert manifest.completed_at < manifest.started_at  # what the clock said, and no more
    hours = {row["delivered_at"][:13] for row in upload.rows("receipts")}
    assert len(hours) >= 3
    now = datetime.now(timezone.utc)
    assert all(datetime.fromisoformat(f"{hour}:00:00+00:00") <= now for hour in hours)


def test_the_quota_is_kept_by_a_clock_that_nobody_sets(
    api: New, new_export: New, new_upload: New, clock: Clock
) -> None:
    upload = new_upload(api("--rate", "100/1"), new_export(700, bad=0))
    running = upload.start("--rate", "100/1", **clock.variables)
    for turn in range(1, 6):
        running.until(lambda turn=turn: upload.accepted > 100 * turn)
        clock.set((-1) ** turn * turn * HOUR)
    assert running.finish().code == 0
    upload.assert_exact(700)
    assert upload.api.stats()["throttled"] == 0
