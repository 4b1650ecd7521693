"""What the documents claim is tested stands in the suite."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FAULTS = ROOT / "docs" / "faults.md"
COLUMNS = ["fault", "the API sees", "the ledger says", "the operator does", "shown by"]


class Row(NamedTuple):
    """A fault, and the tests that show it as pytest names them."""

    fault: str
    tests: list[str]


def rows() -> Iterator[Row]:
    for line in FAULTS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells == COLUMNS or set(line) == {"|", "-"}:
            continue
        assert len(cells) == len(COLUMNS), line
        assert all(cells), line
        yield Row(cells[0], list(names(re.findall(r"`([^`]+)`", cells[-1]))))


def names(told: list[str]) -> Iterator[str]:
    """Write names out: one that is only a parameter is the test before it with another one."""
    for name in told:
        if not name.startswith("["):
            test = f"tests/{name}".partition("[")[0]
            yield f"tests/{name}"
        else:
            yield f"{test}{name}"


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """Names of the tests in the files that are told, with and without their parameters."""
    files = sorted({test.partition("::")[0] for row in rows() for test in row.tests})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "--quiet",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {line for line in done.stdout.splitlines() if "::" in line}
    return found | {name.partition("[")[0] for name in found}


def test_every_table_of_faults_is_read() -> None:
    told = [row.fault for row in rows()]
    assert len(told) == len(set(told)) > 30


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.fault)
def test_a_test_stands_behind_every_fault(row: Row, collected: set[str]) -> None:
    assert row.tests
    assert set(row.tests) <= collected
