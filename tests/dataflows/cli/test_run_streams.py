"""A run whose words nobody hears: its streams are closed, full, or have no reader."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

New = Callable[..., Any]


@pytest.fixture
def upload(api: New, new_export: New, new_upload: New) -> Any:
    return new_upload(api(), new_export(900))


def run(upload: Any, redirections: str, *options: str, **streams: Any) -> Any:
    """Run the command through a shell that redirects its streams."""
    words = ["run", upload.exports[0], "--out", upload.out, "--api-url", upload.api.url]
    command = [sys.executable, "-m", "dataflows.cli", *map(str, words), "--rate", "10000/0.1"]
    buffered = {name: v for name, v in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *command, *options],
        cwd=ROOT,
        env={**buffered, "AVSTAR_TOKEN": upload.api.token},
        check=False,
        capture_output=not streams,
        text=True,
        **streams,
    )


@pytest.mark.parametrize("log", [(), ("--log-json",)], ids=["progress", "log"])
@pytest.mark.parametrize("redirections", ["2>/dev/full", "2>&-", "<&- >&- 2>&-"])
def test_what_it_says_may_be_lost_but_no_spot(
    redirections: str, log: tuple[str, ...], upload: Any
) -> None:
    assert run(upload, redirections, *log).returncode == 0
    upload.assert_exact(890)


def test_a_log_without_a_reader_ends_no_run(upload: Any) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert run(upload, "", "--log-json", stderr=writer).returncode == 0
    os.close(writer)
    upload.assert_exact(890)


def test_a_summary_that_cannot_be_written_is_told_and_the_run_is_settled(upload: Any) -> None:
    ended = run(upload, ">/dev/full")
    assert ended.returncode == 0
    assert ended.stderr == (
        f"{upload.ledger()} is sealed, but its summary cannot be written: No space left on device\n"
    )
    upload.assert_exact(890)


def test_an_error_that_nobody_reads_keeps_its_exit_code(upload: Any) -> None:
    assert run(upload, "2>/dev/full", "--rate", "fast").returncode == 2
    assert upload.api.stats()["requests"] == 0
