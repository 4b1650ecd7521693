"""Validation by one process, by two workers and by two processes, side by side.

    python benchmarks/scaling.py [--megabytes 1088] [--rounds 3]

Counts from the first lane that streams to the seal, so that neither Python's start nor the survey
nor the way the processes find each other is in it; the whole command stands beside it, and so does
its processor time. The best of some rounds counts: what else the machine does only ever adds.
"""

import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.processes import start
from benchmarks.sandbox import AVSTAR
from dataflows.generate import Sample, generate

SAMPLE_RECORDS = 50_000
WAYS = {"1 process": (1, 1), "2 workers": (1, 2), "2 processes": (2, 1)}


class Measured(NamedTuple):
    """Seconds of the reading and of the whole command, and of all its processors."""

    reading: float
    whole: float
    processor: float


def write_export(path: Path, size: int) -> int:
    """Write an export of at least `size` bytes and return its records; its beginning repeats."""
    block = b"".join(generate(Sample(SAMPLE_RECORDS)))
    times = -(-size // len(block))
    with path.open("wb") as file:
        for _ in range(times):
            file.write(block)
    return times * SAMPLE_RECORDS


def measure(path: Path, out: Path, processes: int, workers: int) -> Measured:
    """Check an export and return what it took."""
    command = [*AVSTAR, "run", str(path), "--out", str(out)]
    command += ["--validate-only", "--log-json", "--workers", str(workers)]
    before, began = processor_seconds(), time.perf_counter()
    log = path.with_name("log")
    with log.open("a") as file:  # each line is written at once
        running = start(command, processes, stdout=subprocess.DEVNULL, stderr=file)
        codes = [one.wait() for one in running]
    assert not any(codes)
    whole = time.perf_counter() - began
    times = dict(reversed([*events(log.read_text())]))  # of each event the first
    log.unlink()
    shutil.rmtree(out)
    reading = (times["sealed"] - times["streaming"]).total_seconds()
    return Measured(reading, whole, processor_seconds() - before)


def events(log: str) -> Iterator[tuple[str, datetime]]:
    """Yield the events of audit logs with their times, in their order."""
    rows = [json.loads(line) for line in log.splitlines() if '"event": "rejected"' not in line]
    rows.sort(key=lambda row: row["time"])
    for row in rows:
        yield row["event"], datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%S.%f%z")


def processor_seconds() -> float:
    """Return what the children so far took of processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure all ways in turn, and print the best of each and their ratios."""
    made = parser(__doc__)
    made.add_argument("--megabytes", type=int, default=1088)
    made.add_argument("--rounds", type=int, default=3)
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path, out = Path(name) / "day.ndjson", Path(name) / "out"
        records = write_export(path, options.megabytes * 1_000_000)
        rounds = [
            {way: measure(path, out, *how) for way, how in WAYS.items()}
            for _ in range(options.rounds)
        ]
    first = None
    print(f"{records:,} records, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for way in WAYS:
        figures = zip(*(one[way] for one in rounds), strict=True)
        reading, whole, processor = map(min, figures)
        first = first or reading
        print(
            f"{way:<12} {records / reading:>9,.0f} records/s  ratio {first / reading:.2f}  "
            f"whole command {whole:5.2f} s, processor {processor:5.2f} s"
        )
    figures = [
        Figure(
            name=f"read, validate, branch; NDJSON, {way}",
            against="1 process",
            unit="records/s",
            ours=[records / one[way].reading for one in rounds],
            theirs=[records / one["1 process"].reading for one in rounds],
            at_least=1.8 if way == "2 processes" else None,
        )
        for way in list(WAYS)[1:]
    ]
    keep(options.json, figures)


if __name__ == "__main__":
    main()
