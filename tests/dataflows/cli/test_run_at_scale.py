"""A large export by the real command: it is checked and verified, and memory stays flat."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.ledger import read_manifest

ROOT = Path(__file__).parents[3]
LARGE, TIMES = 1_000_000, 20
BAD_SHARE = 0.01
MEGABYTE = 1 << 20
PEAK_LIMIT = 200 * MEGABYTE

New = Callable[..., Any]


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""
"""Run from a small process: what a process starts counts the memory of its parent as its own."""


class Ended(NamedTuple):
    code: int
    peak: int


def command(*words: object) -> Ended:
    """Run `avstar` to its end; `peak` is its resident memory at most, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, sys.executable, "-m", "dataflows.cli", *map(str, words)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return Ended(*map(int, done.stdout.split()))


def check(path: Path, records: int, out: Path) -> int:
    """Write an export, check it, verify the ledger; return the peak of the check."""
    assert command("generate", path, "--records", records, "--bad", BAD_SHARE).code == 0
    checked = command("run", path, "--out", out, "--validate-only")
    assert checked.code == 0
    [folder] = out.glob(f"{path.name}.*")
    manifest = read_manifest(folder)
    assert manifest
    assert manifest.reconciled
    assert manifest.total_records == records
    assert manifest.rejected_records == manifest.dead_lettered == records * BAD_SHARE
    assert manifest.valid_records == records - manifest.rejected_records
    assert command("verify", folder, path).code == 0
    return checked.peak


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_million_records_are_checked_in_the_memory_of_a_few(form: str, tmp_path: Path) -> None:
    few = check(tmp_path / f"few.{form}", LARGE // TIMES, tmp_path / "out")
    many = check(tmp_path / f"many.{form}", LARGE, tmp_path / "out")
    assert few < PEAK_LIMIT
    assert many <= 1.1 * few


def test_a_long_export_is_uploaded_and_verified(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api(), new_export(20_000))
    assert upload().code == 0
    upload.assert_exact(19_800)
    assert upload.api.stats()["requests"] == 19_800
    assert command("verify", upload.ledger(), upload.exports[0]).code == 0
