"""From the start of the process to its first request: an export's beginning, and after 90 % of it.

    python benchmarks/resume.py [--megabytes 2000] [--records 100000] [--rounds 3]
                                [--packing none gzip zstd]

A survey reads the whole file; what is settled is not read again. What fills the records up packs
to half its size, so that unpacking is work. A zstd frame can only be unpacked from its beginning,
so an export in zstd that the ledger knows is hashed and not surveyed.
"""

import gzip
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from backports import zstd

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.sandbox import AVSTAR, TOKEN, Api, sandbox
from dataflows.generate import Sample, generate

OPTIONS = ("--rate", "100000/0.1", "--concurrency", "50", "--checkpoint-records", "1000")
SHARE = 0.9

PACKINGS: dict[str, tuple[str, Callable[..., Any]]] = {
    "none": ("day.ndjson", open),
    "gzip": ("day.ndjson.gz", partial(gzip.open, compresslevel=1)),
    "zstd": ("day.ndjson.zst", zstd.open),
}
"""What an export is called, and what writes it."""


def write_export(path: Path, opening: Callable[..., Any], records: int, megabytes: float) -> None:
    """Write a sample export, filled up with a field of hex digits that nobody reads."""
    chance, size = Random(1), int(megabytes * 1e6 / records / 2)
    with opening(path, "wb") as file:
        for row in generate(Sample(records, bad=0.05)):
            note = chance.randbytes(size).hex().encode()
            file.write(row.replace(b"}", b', "Note": "%b"}' % note))


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
        if process.poll() is not None:
            raise RuntimeError("it had nothing left to send: more records, or fewer other tasks")
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
            time.sleep(0.002)
        kill(process)
        resumed, process = first_request(path, folder / "out", api)
        kill(process)
    return fresh, resumed


def measure(packing: str, megabytes: float, records: int, rounds: int) -> Figure:
    """Measure exports that are packed so."""
    name, opening = PACKINGS[packing]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_export(path, opening, records, megabytes)
        path.read_bytes()  # so that each round finds it in the system's cache
        times = [one_round(Path(folder), path, records, number) for number in range(rounds)]
    for fresh, resumed in times:
        print(f"{name}: fresh {fresh:.2f} s, after {SHARE:.0%} {resumed:.2f} s", flush=True)
    print(f"after / fresh: {statistics.median(b / a for a, b in times):.2f} (median)")
    fresh, resumed = zip(*times, strict=True)
    return Figure(
        name=f"crash at {SHARE:.0%} to the first new request; {name}",
        against="a fresh start",
        unit="s",
        ours=resumed,
        theirs=fresh,
        at_most=1.2,
    )


def main() -> None:
    """Measure, and print a table."""
    made = parser(__doc__)
    made.add_argument("--megabytes", type=float, default=2000)
    made.add_argument("--records", type=int, default=100_000)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--packing", nargs="+", choices=PACKINGS, default=list(PACKINGS))
    options = made.parse_args()
    sizes = options.megabytes, options.records, options.rounds
    keep(options.json, [measure(packing, *sizes) for packing in options.packing])


if __name__ == "__main__":
    main()
