"""The survey beside `sha256sum` of the same file, in one run.

    python benchmarks/survey.py [--megabytes 500] [--rounds 5]

The survey hashes the file, counts its records and divides it; both find it in the system's cache.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.scaling import write_export
from connectors.avion import survey


def sha256sum(path: Path) -> None:
    """Run the tool that everybody has."""
    subprocess.run(["sha256sum", path], check=True, stdout=subprocess.DEVNULL)


def rate(run: Callable[[Path], object], path: Path) -> float:
    """Return megabytes per second."""
    began = time.perf_counter()
    run(path)
    return path.stat().st_size / 1e6 / (time.perf_counter() - began)


def main() -> None:
    """Measure, and print the rates and their ratio."""
    options = parser(__doc__)
    options.add_argument("--megabytes", type=int, default=500)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.ndjson"
        write_export(path, given.megabytes * 1_000_000)
        path.read_bytes()
        pairs = [(rate(survey, path), rate(sha256sum, path)) for _ in range(given.rounds)]
    ours, theirs = zip(*pairs, strict=True)
    figure = Figure(
        name="survey: SHA-256, count, splits",
        against="sha256sum of the file",
        unit="MB/s",
        ours=ours,
        theirs=theirs,
        at_least=0.9,
    )
    print(f"survey {max(ours):,.0f} MB/s, sha256sum {max(theirs):,.0f} MB/s: {figure.ratio:.2f}")
    keep(given.json, [figure])


if __name__ == "__main__":
    main()
