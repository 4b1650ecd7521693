"""Upload without a quota beside a bare aiohttp loop: same server, same bodies, in one run.

    python benchmarks/upload.py [--spots 50000] [--rounds 3] [--latency 0 0.002 0.005]

The server is the sandbox as a process of its own, without a window that could be felt, whose
answers take so many seconds: at 0 all of the time is work, ours and the server's. Both run on the
same kind of event loop (uvloop where installed). Ours is timed from an empty state folder to the
sealed ledger: engine start, validation, recovery, fsyncs and manifest included.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.sandbox import TOKEN, sandbox
from connectors.avion import AvionSource, survey
from connectors.avion.validator import Validator
from connectors.avstar.request import body
from connectors.loop import event_loop
from connectors.records import Batch, Spot
from connectors.stop import Stop
from connectors.trail import new_span
from dataflows.exports import open_exports
from dataflows.generate import Sample, generate
from dataflows.meter import Meter
from dataflows.runner import run
from dataflows.settings import load_settings

IN_FLIGHT = 20
LATENCIES = (0.0, 0.002, 0.005)
"""Seconds: a server on this machine, one in the next rack, one in the same town."""


def write_export(path: Path, seed: int, spots: int) -> None:
    """Write an export of its own for each run, since a spot is scheduled once."""
    with path.open("wb") as file:
        file.writelines(generate(Sample(spots, seed, bad=0.0)))


def spots_of(path: Path) -> Iterator[Spot]:
    """Validate an export without a dataflow."""
    source, validator = AvionSource(survey(path)), Validator()
    part = source.build_part("read", "lane-0", None)
    while True:
        try:
            batches: list[Batch] = part.next_batch()
        except StopIteration:
            return
        for batch in batches:
            yield from validator(batch).spots


def ours(path: Path, url: str) -> float:
    """Run the product's dataflow, recovery and ledger included."""
    settings = load_settings(
        exports=(path,), out=path.parent / "out", api_url=url, token=TOKEN, rate="100000/0.1"
    )
    exports = open_exports(settings)
    began = time.perf_counter()
    run(settings, exports, Stop(), Meter())
    return time.perf_counter() - began


def bare(path: Path, url: str) -> float:
    """Post the same bodies from as many tasks, and look at nothing but the status."""
    spots = list(spots_of(path))
    began = time.perf_counter()
    event_loop().run(_post_all(iter(spots), f"{url}/ingest"))
    return time.perf_counter() - began


async def _post_all(spots: Iterator[Spot], url: str) -> None:
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for spot in spots:
                async with session.post(url, data=body(spot), headers=_headers(spot)) as response:
                    await response.read()
                    if not response.ok:
                        raise RuntimeError(f"status {response.status}")

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def _headers(spot: Spot) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "application/json",
        "X-Request-ID": spot.request_id,
        "traceparent": f"00-{spot.request_id}-{new_span():016x}-00",
    }


def measure(latency: float, spots: int, rounds: int) -> Figure:
    """Run both in turns against a server that answers so many seconds late."""
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox(Path(folder), "--latency", latency) as api,
    ):
        for turn in range(rounds):
            for at, run_one in enumerate((ours, bare)):
                path = Path(folder) / f"{turn}-{at}.ndjson"
                write_export(path, 2 * turn + at, spots)
                times[run_one.__name__].append(run_one(path, api.url))
    return Figure(
        name=f"upload, {IN_FLIGHT} in flight, answers after {1000 * latency:g} ms",
        against=f"bare aiohttp {aiohttp.__version__} loop, same server, same bodies",
        unit="requests/s",
        ours=[spots / seconds for seconds in times["ours"]],
        theirs=[spots / seconds for seconds in times["bare"]],
        at_least=0.95,
    )


def main() -> None:
    """Measure, and print a table."""
    options = parser(__doc__)
    options.add_argument("--spots", type=int, default=50_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--latency", type=float, nargs="+", default=LATENCIES)
    given = options.parse_args()
    figures = [measure(latency, given.spots, given.rounds) for latency in given.latency]
    print(f"{'latency':<10}{'ours':>10}{'bare':>10}  ours / bare (median of {given.rounds} pairs)")
    for latency, one in zip(given.latency, figures, strict=True):
        rates = "".join(f"{statistics.median(rate):>10,.0f}" for rate in (one.ours, one.theirs))
        print(f"{1000 * latency:>5g} ms  {rates}  {one.ratio:.2f}")
    keep(given.json, figures)


if __name__ == "__main__":
    main()
