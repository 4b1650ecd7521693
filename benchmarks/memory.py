"""Peak memory over an export and one 20 times its size: checked, and uploaded to a slow API.

    python benchmarks/memory.py [--records 100000] [--malloc]

An upload is measured while it goes on and then stopped: 300 spots in, with 1 worker, 2 workers and
2 processes, of which the larger counts. `--malloc` sets PYTHONMALLOC=malloc, as the container does.
"""

import gzip
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from backports import zstd

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.processes import start
from benchmarks.sandbox import AVSTAR, sandbox
from dataflows.generate import Sample, generate

TIMES = 20
UPLOADED = 300
WAYS = {"upload, 1 worker": (1, 1), "upload, 2 workers": (1, 2), "upload, 2 processes": (2, 1)}


def peak_megabytes(process: subprocess.Popen) -> float:
    """Return the most memory that a process had in RAM so far, 0 if it has just ended."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def check(path: Path, out: Path, _url: str) -> float:
    """Check an export and return the peak."""
    [process] = start(
        [*AVSTAR, "run", str(path), "--out", str(out), "--validate-only"],
        1,
        stdout=subprocess.DEVNULL,
    )
    peak = 0.0
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, peak_megabytes(process))
        time.sleep(0.02)
    assert process.wait() == 0
    return peak


def check_as(suffix: str, pack: Callable[[bytes], bytes]) -> Callable[[Path, Path, str], float]:
    """Make a measurement of a check of the same export in another form."""

    def measure(path: Path, out: Path, url: str) -> float:
        other = path.with_name(path.stem + suffix)
        other.write_bytes(pack(path.read_bytes()))
        return check(other, out, url)

    return measure


def array(rows: bytes) -> bytes:
    """Write the rows as an array, but for those that would break it."""
    whole = (row for row in rows.splitlines() if row.endswith(b"}"))
    return b"[\n" + b",\n".join(whole) + b"\n]\n"


FORMS = {
    "check, gzip": (".ndjson.gz", partial(gzip.compress, compresslevel=1)),
    "check, zstd": (".ndjson.zst", zstd.compress),
    "check, JSON array": (".json", array),
}


def upload(processes: int, workers: int) -> Callable[[Path, Path, str], float]:
    """Make a measurement of an upload that is stopped after its beginning."""

    def measure(path: Path, out: Path, url: str) -> float:
        command = [*AVSTAR, "run", str(path), "--out", str(out), "--api-url", url]
        command += ["--rate", "10000/0.1", "--workers", str(workers)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = start(command, processes, **quiet)
        while receipts(out) < UPLOADED:
            time.sleep(0.1)
        peak = max(map(peak_megabytes, running))
        for process in running:
            process.send_signal(signal.SIGKILL)
        for process in running:
            process.wait()
        return peak

    return measure


def receipts(out: Path) -> int:
    """Count what was delivered so far."""
    return sum(path.read_bytes().count(b"\n") for path in out.glob("*/receipts.ndjson"))


def peak_figures(way: str, few: float, many: float) -> list[Figure]:
    """Make what the table says of two peaks."""
    name = f"peak memory, {way}"
    return [
        Figure(
            name=name,
            against=f"an export {TIMES} times smaller",
            unit="MB",
            ours=[many],
            theirs=[few],
            at_most=1.05,
        ),
        Figure(name=name, against="by itself", unit="MB", ours=[many], at_most=160),
    ]


def main() -> None:
    """Measure, and print the peaks of both exports and their ratio."""
    made = parser(__doc__)
    made.add_argument("--records", type=int, default=100_000)
    made.add_argument("--malloc", action="store_true")
    options = made.parse_args()
    if options.malloc:
        os.environ["PYTHONMALLOC"] = "malloc"
    forms = {way: check_as(*how) for way, how in FORMS.items()}
    ways = {"check": check, **forms, **{name: upload(*how) for name, how in WAYS.items()}}
    with tempfile.TemporaryDirectory() as name, sandbox(Path(name), "--latency", "0.3") as api:
        folder, paths, figures = Path(name), [], []
        for records in (options.records, TIMES * options.records):
            paths.append(folder / f"{records}.ndjson")
            with paths[-1].open("wb") as file:
                file.writelines(generate(Sample(records)))
            print(f"{records:>12,} records  {paths[-1].stat().st_size / 1e6:8.1f} MB")
        for way, measure in ways.items():
            peaks = []
            for path in paths:
                peaks.append(measure(path, folder / "out", api.url))
                shutil.rmtree(folder / "out")
            few, many = peaks
            figures += peak_figures(way, few, many)
            print(f"{way:<20} {few:7.1f} MB  {many:7.1f} MB  ratio {many / few:.3f}")
        keep(options.json, figures)


if __name__ == "__main__":
    main()
