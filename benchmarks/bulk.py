"""Records a second under a quota of requests: one record in each, 100, 1,000.

    python benchmarks/bulk.py [--rate 600/60] [--latency 0.005] [--windows 1]

The server is the sandbox as a process of its own, with a strict sliding window; ours is `avstar
run` at its defaults but for `--records-per-request`. Each is watched in steady state, from the
time on when the quota of a run before would be forgotten.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.sandbox import AVSTAR, TOKEN, Api, sandbox
from connectors.avstar import Rate
from dataflows.generate import Sample, generate

TOGETHER = (1, 100, 1000)
WARM_SECONDS = 12.0
"""On top of a window: what was given up in the run before is gone by then, and ours has begun."""


class Seen(NamedTuple):
    """What the server saw in a second, and how often it refused in all."""

    records: float
    requests: float
    refused: int


def upload(folder: Path, url: str, rate: Rate, together: int, until: float) -> None:
    """Run the command with more to send than the time is long, and stop it then."""
    path = folder / "day.ndjson"
    command = [*AVSTAR, "run", str(path), "--out", str(folder / "out"), "--api-url", url]
    command += ["--rate", str(rate), "--records-per-request", str(together)]
    environment = {**os.environ, "AVSTAR_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        time.sleep(max(0.0, until - time.monotonic()))
        process.terminate()


async def watch(api: Api, begin: float, end: float) -> Seen:
    """Compare the server's counts at two moments."""
    await asyncio.sleep(begin - time.monotonic())
    before, began = api.stats(), time.monotonic()
    await asyncio.sleep(end - time.monotonic())
    after, seconds = api.stats(), time.monotonic() - began
    records, requests = (after[name] - before[name] for name in ("accepted", "requests"))
    return Seen(records / seconds, requests / seconds, after["throttled"])


async def measure(together: int, rate: Rate, latency: float, windows: int) -> Seen:
    """Run one against a server of its own."""
    warm, watched = rate.seconds + WARM_SECONDS, windows * rate.seconds
    count = int(1.5 * rate.per_second * together * (warm + watched)) + 1000
    options = ("--rate", rate, "--latency", latency)
    with tempfile.TemporaryDirectory() as name, sandbox(Path(name), *options) as api:
        with (Path(name) / "day.ndjson").open("wb") as file:
            file.writelines(generate(Sample(count, bad=0)))
        begin = time.monotonic() + warm
        until = begin + watched + 1
        work = asyncio.to_thread(upload, Path(name), api.url, rate, together, until)
        seen, _ = await asyncio.gather(watch(api, begin, begin + watched), work)
    return seen


def main() -> None:
    """Measure, and print a table."""
    made = parser(__doc__)
    made.add_argument("--rate", type=Rate.parse, default=Rate(600, 60))
    made.add_argument("--latency", type=float, default=0.005)
    made.add_argument("--windows", type=int, default=1)
    options = made.parse_args()
    rate = options.rate
    print(f"{'in one':>8}{'records/s':>12}{'requests/s':>12}{'used':>8}{'429s':>6}")
    found: dict[int, Seen] = {}
    for together in TOGETHER:
        found[together] = seen = asyncio.run(
            measure(together, rate, options.latency, options.windows)
        )
        used = seen.requests / rate.per_second
        print(
            f"{together:>8,}{seen.records:>12,.0f}{seen.requests:>12.1f}{used:>8.1%}"
            f"{seen.refused:>6}",
            flush=True,
        )
    figures = [
        Figure(
            name=f"quota {rate}: {together:,} records a request",
            against=f"one record a request; {seen.refused} 429s",
            unit="records/s",
            ours=[seen.records],
            theirs=[found[1].records],
            at_least=0.9 * together if together > 1 else None,
        )
        for together, seen in found.items()
    ]
    keep(options.json, figures)


if __name__ == "__main__":
    main()
