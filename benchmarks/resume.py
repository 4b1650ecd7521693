"""From the start of the process to its first request: an export's beginning, and after 90 % of it.

    python benchmarks/resume.py [--megabytes 2000] [--records 100000] [--rounds 3]

The survey, which reads the whole file, costs both the same; what is settled is not read again.
"""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.chaos import write_export
from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.sandbox import AVSTAR, TOKEN, Api, sandbox

OPTIONS = ("--rate", "100000/0.1", "--concurrency", "50", "--checkpoint-records", "1000")
SHARE = 0.9


def start(path: Path, out: Path, api: Api) -> subprocess.Popen:
    """Start the upload, or go on with it."""
    command = [*AVSTAR, "run", str(path), "--out", str(out), "--api-url", api.url, *OPTIONS]
    environment = {**os.environ, "AVSTAR_TOKEN": TOKEN}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def first_request(path: Path, out: Path, api: Api) -> tuple[float, subprocess.Popen]:
    """Return the seconds until a process sends something, and the process."""
    before, began = api.stats()["requests"], time.perf_counter()
    process = start(path, out, api)
    while api.stats()["requests"] == before:
        time.sleep(0.002)
    return time.perf_counter() - began, process


def kill(process: subprocess.Popen) -> None:
    """End it as a crash does."""
    process.kill()
    process.wait()


def one_round(folder: Path, path: Path, records: int, number: int) -> tuple[float, float]:
    """Measure a fresh start, go on to 90 %, crash, and measure the start after that."""
    folder = folder / str(number)
    folder.mkdir()
    with sandbox(folder) as api:
        fresh, process = first_request(path, folder / "out", api)
        while api.stats()["accepted"] < SHARE * records:
            time.sleep(0.05)
        kill(process)
        resumed, process = first_request(path, folder / "out", api)
        kill(process)
    return fresh, resumed


def main() -> None:
    """Measure, and print a table."""
    made = parser(__doc__)
    made.add_argument("--megabytes", type=float, default=2000)
    made.add_argument("--records", type=int, default=100_000)
    made.add_argument("--rounds", type=int, default=3)
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "day.ndjson"
        write_export(path, options.records, options.megabytes, seed=1)
        path.read_bytes()  # so that each round finds it in the system's cache
        times = [
            one_round(Path(name), path, options.records, number) for number in range(options.rounds)
        ]
    for fresh, resumed in times:
        print(f"fresh {fresh:6.2f} s   after {SHARE:.0%} {resumed:6.2f} s   {resumed / fresh:.2f}")
    print(f"after / fresh: {statistics.median(b / a for a, b in times):.2f} (median)")
    fresh, resumed = zip(*times, strict=True)
    figure = Figure(
        name=f"crash at {SHARE:.0%} to the first new request",
        against="a fresh start",
        unit="s",
        ours=resumed,
        theirs=fresh,
        at_most=1.2,
    )
    keep(options.json, [figure])


if __name__ == "__main__":
    main()
