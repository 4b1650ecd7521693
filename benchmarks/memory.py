"""Peak memory over an export and one many times its size: checked, and uploaded to a slow API.

    python benchmarks/memory.py [--megabytes 100 4000] [--other-forms 15 300] [--malloc]

An upload is measured while it goes on and then stopped: 300 spots in, with 1 worker, 2 workers and
2 processes, of which the larger counts. The sizes are those of NDJSON, which is then packed or made
an array. `--malloc` sets PYTHONMALLOC=malloc, as the container does.
"""

import gzip
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from backports import zstd

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.processes import start
from benchmarks.sandbox import AVSTAR, sandbox
from benchmarks.scaling import write_export

UPLOADED = 300
Way = Callable[[Path, Path, str], float]
"""Runs over an export, with a folder to write to and an address, and returns the peak in MB."""

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


def check_as(suffix: str, pack: Callable[[bytes], bytes]) -> Way:
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


def upload(processes: int, workers: int) -> Way:
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


def peak_figures(way: str, sizes: Sequence[int], few: float, many: float) -> list[Figure]:
    """Make what the table says of two peaks."""
    small, large = sizes
    name = f"peak memory, {way}, {large:,} MB"
    return [
        Figure(
            name=name,
            against=f"an export of {small:,} MB",
            unit="MB",
            ours=[many],
            theirs=[few],
            at_most=1.05,
        ),
        Figure(name=name, against="by itself", unit="MB", ours=[many], at_most=160),
    ]


def compare(ways: Mapping[str, Way], sizes: Sequence[int], folder: Path, url: str) -> list[Figure]:
    """Measure exports of two sizes in megabytes, and print the peaks and their ratios."""
    figures, paths = [], [folder / f"{size}.ndjson" for size in sizes]
    for path, size in zip(paths, sizes, strict=True):
        records = write_export(path, size * 1_000_000)
        print(f"{records:>12,} records  {path.stat().st_size / 1e6:8.1f} MB", flush=True)
    for way, measure in ways.items():
        peaks = []
        for path in paths:
            peaks.append(measure(path, folder / "out", url))
            shutil.rmtree(folder / "out")
        few, many = peaks
        figures += peak_figures(way, sizes, few, many)
        print(f"{way:<20} {few:7.1f} MB  {many:7.1f} MB  ratio {many / few:.3f}", flush=True)
    for path in paths:
        path.unlink()
    return figures


def main() -> None:
    """Measure exports as they are, and others packed or in another form."""
    made = parser(__doc__)
    made.add_argument("--megabytes", type=int, nargs=2, default=(100, 4000))
    made.add_argument("--other-forms", type=int, nargs=2, default=(15, 300))
    made.add_argument("--malloc", action="store_true")
    options = made.parse_args()
    if options.malloc:
        os.environ["PYTHONMALLOC"] = "malloc"
    plain = {"check": check, **{name: upload(*how) for name, how in WAYS.items()}}
    forms = {way: check_as(*how) for way, how in FORMS.items()}
    with tempfile.TemporaryDirectory() as name, sandbox(Path(name), "--latency", "0.3") as api:
        figures = compare(plain, options.megabytes, Path(name), api.url)
        figures += compare(forms, options.other_forms, Path(name), api.url)
    keep(options.json, figures)


if __name__ == "__main__":
    main()
