"""`make chaos` in short: killed at random moments, and in the end every spot stands once."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHORT = ("--kills", "5", "--records", "2000")


@pytest.mark.parametrize(
    ("seed", "megabytes", "together"),
    [(1, 1, 1), (2, 70, 1), (3, 1, 40)],  # one reading lane, two, and bulk requests
)
def test_kills_at_random_moments_lose_nothing_and_send_nothing_twice(
    seed: int, megabytes: int, together: int
) -> None:
    words = [*SHORT, "--seed", str(seed), "--megabytes", str(megabytes)]
    words += ["--records-per-request", str(together)]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "chaos.py", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("kill ") == 5
    assert "verified: 2,000 records, all accounted for" in done.stdout
    assert done.stdout.endswith("lost 0, twice 0, reconciled True\n")
