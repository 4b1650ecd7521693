"""Upload without a quota beside other tools that do the job, in one run.

    python benchmarks/peers.py [--spots 50000] [--rounds 3]

All post to the same server, which takes everything and notes when the first request came and the
last: what a tool takes to start is not counted. Each is run with the settings that suited it best.
syslog-ng is Debian's (`apt-get install syslog-ng-core syslog-ng-mod-http`), Pathway stands in an
environment of its own (`make build/peers/pathway/ready`, 1.6 GB); what is missing has no row.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.peer.release import release, release_of
from benchmarks.peer.syslog_ng import syslog_ng
from benchmarks.sandbox import AVSTAR, TOKEN
from benchmarks.sink import Sink, sink
from dataflows.generate import Sample, generate

SCRIPTS = Path(__file__).parent / "peer"
PATHWAY = Path("build/peers/pathway/bin/python")
PATHWAY_VERSION = "from importlib.metadata import version; print(version('pathway'))"
PATIENCE = 300.0
"""Seconds that a tool may take to deliver all."""


class Peer(NamedTuple):
    """A tool, how to start it with an export and an address, and what our ratio is to be."""

    name: str
    command: Callable[[Path, Path, str], list[str]]
    at_least: float | None
    missing: str = ""


def ours(folder: Path, export: Path, url: str) -> list[str]:
    """`avstar run`, with recovery, ledger and validation."""
    command = [*AVSTAR, "run", str(export), "--out", str(folder / "out")]
    return [*command, "--api-url", url.removesuffix("/ingest"), "--rate", "100000/0.1"]


def script(name: str, python: str = sys.executable) -> Callable[[Path, Path, str], list[str]]:
    """Make the command of a script in `peer`."""
    return lambda _folder, export, url: [python, str(SCRIPTS / name), str(export), url]


PEERS = (
    Peer(
        f"a semaphore-and-gather script, aiohttp {release_of('aiohttp')}",
        script("gathering.py"),
        1.2,
    ),
    Peer(
        f"a Bytewax flow with a sink of requests {release_of('requests')}",
        script("requests_sink.py"),
        5.0,
    ),
    Peer(
        f"syslog-ng {release('syslog-ng', '--version')} http()",
        syslog_ng,
        1.0,
        "" if shutil.which("syslog-ng") else "apt-get install syslog-ng-core syslog-ng-mod-http",
    ),
    Peer(
        f"Pathway {release(str(PATHWAY), '-c', PATHWAY_VERSION)} pw.io.http.write",
        script("pathway_writer.py", str(PATHWAY)),
        5.0,
        "" if PATHWAY.exists() else "make build/peers/pathway/ready",
    ),
)


def rate(command: Callable[[Path, Path, str], list[str]], spots: int, seed: int) -> float:
    """Run a tool until the server has all, and return the requests a second that it saw."""
    with tempfile.TemporaryDirectory() as name, sink() as server:
        folder = Path(name)
        export = folder / "day.ndjson"
        with export.open("wb") as file:
            file.writelines(generate(Sample(spots, seed, bad=0.0)))
        words = command(folder, export, f"{server.url}/ingest")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                words,
                env={**os.environ, "AVSTAR_TOKEN": TOKEN},
                stdout=log,
                stderr=log,
            )
        try:
            return _watch(server, process, spots)
        except TimeoutError:
            sys.exit(f"{words[0]} did not deliver: {(folder / 'log').read_text()[-2000:]}")
        finally:
            process.terminate()
            process.wait()


def _watch(server: Sink, process: "subprocess.Popen[bytes]", spots: int) -> float:
    until = time.monotonic() + PATIENCE
    while (seen := server.seen())["taken"] < spots:
        if time.monotonic() > until or (process.poll() and seen["taken"] == server.seen()["taken"]):
            raise TimeoutError
        time.sleep(0.5)
    found: float = (spots - 1) / seen["seconds"]
    return found


def main() -> None:
    """Measure, and print a table."""
    options = parser(__doc__)
    options.add_argument("--spots", type=int, default=50_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    for peer in PEERS:
        if peer.missing:
            print(f"{peer.name} is not installed, so it has no row: {peer.missing}")
    there = [peer for peer in PEERS if not peer.missing]
    rates: dict[str, list[float]] = {"ours": [], **{peer.name: [] for peer in there}}
    for turn in range(given.rounds):
        rates["ours"].append(rate(ours, given.spots, turn))
        for peer in there:
            rates[peer.name].append(rate(peer.command, given.spots, turn))
    figures = [
        Figure(
            name="upload without a quota",
            against=peer.name,
            unit="requests/s",
            ours=rates["ours"],
            theirs=rates[peer.name],
            at_least=peer.at_least,
        )
        for peer in there
    ]
    for name, found in rates.items():
        print(f"{name:<52}{statistics.median(found):>10,.0f} requests/s")
    for one in figures:
        print(f"ours / {one.against}: {one.ratio:.2f}")
    keep(given.json, figures)


if __name__ == "__main__":
    main()
