"""What tracing takes from the upload: off, one good spot in a hundred, and all, in one run.

    python benchmarks/tracing.py [--spots 20000] [--rounds 3]

Each upload is a process of its own, against the sandbox; the collector is rotel. The order of the
three changes from round to round. `processor` is the time that the uploading process computes, of
all its threads: what decides where the machine has better to do. `wall` is the time that passes,
which is shared with the sandbox here. What is imported stands before the clock: that is paid
once a night.
"""

import argparse
import os
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


def measure(export: Path, url: str, collector: str, mode: str) -> tuple[float, float]:
    """Upload in a process of its own."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, **MODES[mode]}
    command = [sys.executable, __file__, "--upload", str(export), url]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    wall, computed = map(float, done.stdout.split())
    return wall, computed


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


def main() -> None:
    """Measure, and print a table."""
    made = parser(__doc__)
    made.add_argument("--spots", type=int, default=20_000)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--upload", nargs=2, help=argparse.SUPPRESS)
    options = made.parse_args()
    if options.upload:
        upload(Path(options.upload[0]), options.upload[1])
        return
    times: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    collector, endpoint = start_collector()
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as api:
        for turn in range(options.rounds):
            modes = list(MODES)
            for at, mode in enumerate(modes[turn % 3 :] + modes[: turn % 3]):
                place = Path(folder) / f"{turn}-{at}"
                place.mkdir()
                with (place / "day.ndjson").open("wb") as file:
                    file.writelines(generate(Sample(options.spots, 3 * turn + at, bad=0.0)))
                times[mode].append(measure(place / "day.ndjson", api.url, endpoint, mode))
    collector.kill()
    for mode, found in times.items():
        pairs = list(zip(found, times["off"], strict=True))
        wall = statistics.median(one[0] / off[0] for one, off in pairs) - 1
        computed = statistics.median(one[1] / off[1] for one, off in pairs) - 1
        rate = options.spots / statistics.median(one[0] for one in found)
        print(f"{mode:<7}{rate:>9,.0f} spots/s   processor {computed:>+7.1%}   wall {wall:>+7.1%}")
    figures = [
        Figure(
            name=f"upload, tracing {mode}",
            against="tracing off",
            unit="spots/s of processor time",
            ours=[options.spots / one[1] for one in times[mode]],
            theirs=[options.spots / one[1] for one in times["off"]],
            at_least=0.95 if mode == "1 %" else None,
        )
        for mode in list(MODES)[1:]
    ]
    keep(options.json, figures)


if __name__ == "__main__":
    main()
