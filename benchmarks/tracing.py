"""What tracing takes from the upload: off, one good spot in a hundred, and all, in one run.

    python benchmarks/tracing.py [--spots 20000] [--rounds 3]
    python benchmarks/tracing.py --count

Each upload is a process of its own, against the sandbox; the collector is rotel. The order of the
three changes from round to round. `processor` is the time that the uploading process computes, of
all its threads: what decides where the machine has better to do. `wall` is the time that passes,
which is shared with the sandbox here. What is imported stands before the clock: that is paid
once a night.

Times say little on a machine that others use as well. With `--count` valgrind counts the
instructions of the uploading process instead, of all its threads: of uploads of two sizes, the
difference is what a spot takes. That takes some minutes. Nothing is sent there because time has
passed, which under valgrind it does far more than at work.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from socket import create_connection, create_server

import connectors.telemetry  # noqa: F401 - before the clock, see above
from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.sandbox import TOKEN, sandbox
from connectors.stop import Stop
from dataflows.exports import open_exports
from dataflows.generate import Sample, generate
from dataflows.meter import Meter
from dataflows.runner import run
from dataflows.settings import load_settings

MODES: dict[str, dict[str, str]] = {
    "off": {"OTEL_SDK_DISABLED": "true"},
    "1 %": {},
    "100 %": {"OTEL_TRACES_SAMPLER": "always_on", "OTEL_BSP_MAX_QUEUE_SIZE": "1000000"},
}


UNHURRIED = {"OTEL_BSP_SCHEDULE_DELAY": "3600000", "OTEL_METRIC_EXPORT_INTERVAL": "3600000"}
"""Milliseconds."""

SIZES = (500, 2500)
"""Spots of the uploads whose instructions are counted."""


def free_port() -> int:
    """Find a port that nobody uses now."""
    with create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    try:
        create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def upload(export: Path, url: str) -> None:
    """Upload in this process, and print the seconds that passed and that were computed."""
    settings = load_settings(
        exports=(export,), out=export.parent / "out", api_url=url, token=TOKEN, rate="100000/0.1"
    )
    exports, meter = open_exports(settings), Meter()
    wall, computed = time.perf_counter(), time.process_time()
    run(settings, exports, Stop(), meter)
    print(time.perf_counter() - wall, time.process_time() - computed, flush=True)
    print(dict(meter.telemetry("sent")), dict(meter.telemetry("dropped")), file=sys.stderr)


def write(place: Path, seed: int, spots: int) -> Path:
    """Write an export of its own for an upload."""
    place.mkdir()
    with (place / "day.ndjson").open("wb") as file:
        file.writelines(generate(Sample(spots, seed, bad=0.0)))
    return place / "day.ndjson"


def start(
    command: list[str], export: Path, url: str, collector: str, variables: dict[str, str]
) -> str:
    """Upload in a process of its own, and give what it printed."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, **variables}
    environment |= {"PYTHONHASHSEED": "0"}  # or each process would count otherwise
    words = [*command, sys.executable, __file__, "--upload", str(export), url]
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def measure(export: Path, url: str, collector: str, mode: str) -> tuple[float, float]:
    """Upload, and tell how long it took."""
    wall, computed = map(float, start([], export, url, collector, MODES[mode]).split())
    return wall, computed


def count(export: Path, url: str, collector: str, mode: str) -> int:
    """Upload, and tell how many instructions that took."""
    log = export.parent / "valgrind.log"
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    start([*tool, f"--log-file={log}"], export, url, collector, MODES[mode] | UNHURRIED)
    found = re.search(r"I +refs: +([\d,]+)", log.read_text())
    if not found:
        raise SystemExit(f"valgrind counted nothing: {log.read_text()}")
    return int(found[1].replace(",", ""))


def start_collector() -> tuple["subprocess.Popen[bytes]", str]:
    """Start rotel, which takes everything and keeps nothing."""
    spec = find_spec("rotel")
    if not spec or not spec.origin:
        raise SystemExit("rotel is not installed; it is one of the tools of `make test`")
    http, grpc = free_port(), free_port()
    words = ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint"]
    words += [f"127.0.0.1:{grpc}", "--exporter", "blackhole"]
    agent = str(Path(spec.origin).with_name("rotel-agent"))
    process = subprocess.Popen([agent, "start", *words], stdout=subprocess.DEVNULL)
    while not listens(http):
        time.sleep(0.05)
    return process, f"http://127.0.0.1:{http}"


def time_all(rounds: int, spots: int, folder: Path, url: str, collector: str) -> list[Figure]:
    """Measure times, print a table, and return the figures."""
    times: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    for turn in range(rounds):
        modes = list(MODES)
        for at, mode in enumerate(modes[turn % 3 :] + modes[: turn % 3]):
            export = write(folder / f"{turn}-{at}", 3 * turn + at, spots)
            times[mode].append(measure(export, url, collector, mode))
    for mode, found in times.items():
        pairs = list(zip(found, times["off"], strict=True))
        wall = statistics.median(one[0] / off[0] for one, off in pairs) - 1
        computed = statistics.median(one[1] / off[1] for one, off in pairs) - 1
        rate = spots / statistics.median(one[0] for one in found)
        print(f"{mode:<7}{rate:>9,.0f} spots/s   processor {computed:>+7.1%}   wall {wall:>+7.1%}")
    return [
        Figure(
            name=f"upload, tracing {mode}",
            against="tracing off",
            unit="spots/s of processor time",
            ours=[spots / one[1] for one in times[mode]],
            theirs=[spots / one[1] for one in times["off"]],
            at_least=0.95 if mode == "1 %" else None,
        )
        for mode in list(MODES)[1:]
    ]


def count_all(folder: Path, url: str, collector: str) -> None:
    """Count instructions, and print a table."""
    few, many = SIZES
    counts = {}
    for turn, mode in enumerate(MODES):
        of_few, of_many = (
            count(write(folder / f"{turn}-{size}", turn, size), url, collector, mode)
            for size in SIZES
        )
        counts[mode] = (of_many - of_few) // (many - few)
        more = counts[mode] / counts["off"] - 1
        print(f"{mode:<7}{counts[mode]:>9,} instructions a spot   {more:>+7.1%}", flush=True)


def main() -> None:
    """Measure, and print a table."""
    made = parser(__doc__)
    made.add_argument("--spots", type=int, default=20_000)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--count", action="store_true", help="instructions, by valgrind")
    made.add_argument("--upload", nargs=2, help=argparse.SUPPRESS)
    options = made.parse_args()
    if options.upload:
        upload(Path(options.upload[0]), options.upload[1])
        return
    if options.count and not shutil.which("valgrind"):
        raise SystemExit("valgrind is not installed")
    collector, endpoint = start_collector()
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as api:
        if options.count:
            count_all(Path(folder), api.url, endpoint)
        else:
            shape = (options.rounds, options.spots, Path(folder), api.url, endpoint)
            keep(options.json, time_all(*shape))
    collector.kill()


if __name__ == "__main__":
    main()
