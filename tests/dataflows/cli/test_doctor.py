import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dataflows.cli.test_run_refused import SETPRIV, UNPRIVILEGED
from tests.processes import ROOT, TOKEN

New = Callable[..., Any]


def test_a_night_that_can_begin_is_told_line_by_line(
    avstar: Any, api: New, new_export: New, tmp_path: Path
) -> None:
    server, path = api(), new_export(100)
    told = avstar("doctor", path, "--out", tmp_path / "out", "--api-url", server.url)
    assert (told.code, told.err) == (0, "")
    assert "FAIL" not in told.out
    assert f"ok    api: {server.url}/ingest answers 405: it is there" in told.out
    assert f"ok    {path}: 100 records" in told.out
    assert TOKEN not in told.out
    assert server.stats()["accepted"] == 0
    assert not (tmp_path / "out").exists()


def test_a_night_that_cannot_is_exit_code_2_and_says_why(avstar: Any, tmp_path: Path) -> None:
    told = avstar("doctor", tmp_path / "gone.ndjson", "--api-url", "http://127.0.0.1:1")
    assert (told.code, told.err) == (2, "")
    assert "FAIL  settings: no folder for the ledger; give --out DIR" in told.out
    assert "FAIL  api: http://127.0.0.1:1/ingest: connection failed" in told.out


@pytest.mark.skipif(not SETPRIV, reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize("mode", [0o555, 0o000, None])
def test_a_landing_folder_that_a_follower_cannot_use_is_exit_code_2(
    mode: int | None, api: New, tmp_path: Path
) -> None:
    landing = tmp_path / "landing"
    if mode is not None:
        landing.mkdir(mode)
    words = ["doctor", "--follow", landing, "--archive", tmp_path / "archive"]
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-m", "dataflows.cli", *map(str, words)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "AVSTAR_TOKEN": TOKEN, "AVSTAR_API_URL": api().url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "")
    bad = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert bad
    assert all(str(landing) in line and "--follow" in line for line in bad)
