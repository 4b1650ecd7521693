"""How much of a quota is used, and how many 429s that costs: ours beside what else there is.

    python benchmarks/quota.py [--latency 0.005] [--windows 3]

The server is the sandbox as a process of its own, with a strict sliding window and answers after a
few milliseconds. Ours is `avstar run`, at its defaults; the token bucket is the usual script: as
many tokens as the quota, filled at its rate, one for each request, retried at `Retry-After`.
syslog-ng, where it is installed, has `throttle()` at the quota's rate, and a server that keeps the
same window and asks for no request ID, which it cannot give. All are watched in steady state: from
the third window on, or from the thirtieth second.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import aiohttp

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.peer.release import release
from benchmarks.peer.syslog_ng import syslog_ng
from benchmarks.sandbox import AVSTAR, TOKEN, Api, sandbox
from benchmarks.sink import sink
from dataflows.generate import Sample, generate

QUOTAS = ((100, 1), (600, 60))
IN_FLIGHT = 20
LEAST_SECONDS = 30.0
"""Watched at least so long, so that checkpoints and their pauses have their share."""


class TokenBucket:
    """Lets `requests` through at once, and then as many as are filled up meanwhile."""

    def __init__(self, requests: int, seconds: float) -> None:
        self._size = self._tokens = float(requests)
        self._rate = requests / seconds
        self._last = time.monotonic()

    async def take(self) -> None:
        """Wait for a token."""
        while True:
            now = time.monotonic()
            self._tokens = min(self._size, self._tokens + (now - self._last) * self._rate)
            self._last = now
            if self._tokens >= 1:
                self._tokens -= 1
                return
            await asyncio.sleep((1 - self._tokens) / self._rate)


async def bucket(url: str, requests: int, seconds: float, until: float) -> None:
    """Post as the script does, until a moment."""
    tokens, number = TokenBucket(requests, seconds), iter(range(1 << 40))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:

        async def work() -> None:
            for one in number:
                body = {"spot_id": f"{one}", "station": "KABC", "airtime": "2026-11-24T05:30:00Z"}
                body |= {"duration_sec": 30, "advertiser": "Acme"}
                sent = {"Authorization": f"Bearer {TOKEN}", "X-Request-ID": f"{one:032x}"}
                status = 429
                while status == 429 and time.monotonic() < until:
                    await tokens.take()
                    async with session.post(f"{url}/ingest", json=body, headers=sent) as answer:
                        status = answer.status
                    if status == 429:
                        await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
                if time.monotonic() >= until:
                    return

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def ours(folder: Path, url: str, requests: int, seconds: float, until: float) -> None:
    """Run the command with more to send than the time is long, and stop it then."""
    path = folder / "day.ndjson"
    count = int(2 * requests / seconds * (until - time.monotonic())) + 1000
    with path.open("wb") as file:
        file.writelines(generate(Sample(count, bad=0)))
    command = [*AVSTAR, "run", str(path), "--out", str(folder / "out"), "--api-url", url]
    command += ["--rate", f"{requests}/{seconds}"]
    environment = {**os.environ, "AVSTAR_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        time.sleep(max(0.0, until - time.monotonic()))
        process.terminate()


async def watch(api: Api, begin: float, end: float) -> tuple[float, int]:
    """Return the requests a second that were admitted between two moments, and all refusals."""
    await asyncio.sleep(begin - time.monotonic())
    before, began = api.stats(), time.monotonic()
    await asyncio.sleep(end - time.monotonic())
    after, ended = api.stats(), time.monotonic()
    return (after["accepted"] - before["accepted"]) / (ended - began), after["throttled"]


async def measure(
    kind: str, requests: int, seconds: float, latency: float, windows: int
) -> tuple[float, int]:
    """Run one against a server of its own; return the share of the quota used, and the 429s."""
    watched = max(LEAST_SECONDS, windows * seconds)
    begin = time.monotonic() + max(LEAST_SECONDS, 2.5 * seconds)
    options = ("--rate", f"{requests}/{seconds}", "--latency", f"{latency}")
    with tempfile.TemporaryDirectory() as name, sandbox(Path(name), *options) as api:
        until = begin + watched + 1
        if kind == "ours":
            work = asyncio.to_thread(ours, Path(name), api.url, requests, seconds, until)
        else:
            work = bucket(api.url, requests, seconds, until)
        (rate, refused), _ = await asyncio.gather(watch(api, begin, begin + watched), work)
    return rate * seconds / requests, refused


def throttled(requests: int, seconds: float, windows: int) -> tuple[float, int]:
    """Run syslog-ng with its throttle; return the same of it."""
    watched = max(LEAST_SECONDS, windows * seconds)
    with tempfile.TemporaryDirectory() as name, sink("--rate", f"{requests}/{seconds}") as server:
        folder = Path(name)
        path = folder / "day.ndjson"
        warm = max(LEAST_SECONDS, 2.5 * seconds)
        count = int(2 * requests / seconds * (warm + watched)) + 1000
        with path.open("wb") as file:
            file.writelines(generate(Sample(count, bad=0)))
        url = f"{server.url}/ingest"
        command = syslog_ng(folder, path, url, throttle=round(requests / seconds))
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            time.sleep(warm)
            before, began = server.seen(), time.monotonic()
            time.sleep(watched)
            after, ended = server.seen(), time.monotonic()
        finally:
            process.terminate()
            process.wait()
    rate = (after["taken"] - before["taken"]) / (ended - began)
    return rate * seconds / requests, after["refused"]


def figures_of(quota: str, found: dict[str, tuple[float, int]]) -> list[Figure]:
    """Make what the table says: the share used, and the 429s, each beside the others'."""
    used, refused = found["ours"]
    made = [
        Figure(
            name=f"quota {quota}: share in use",
            against="by itself",
            unit="of the quota",
            ours=[used],
            at_least=0.98,
        ),
        Figure(
            name=f"quota {quota}: 429s", against="by itself", unit="", ours=[refused], at_most=0
        ),
    ]
    for kind in list(found)[1:]:
        share, answers = found[kind]
        made.append(
            Figure(
                name=f"quota {quota}: share in use",
                against=f"{kind}, which gets {answers:,} 429s",
                unit="of the quota",
                ours=[used],
                theirs=[share],
            )
        )
    return made


def main() -> None:
    """Measure, and print a table."""
    made = parser(__doc__)
    made.add_argument("--latency", type=float, default=0.005)
    made.add_argument("--windows", type=int, default=3)
    options = made.parse_args()
    print(f"{'quota':<10}{'':<24}{'used':>8}{'429s':>8}")
    figures: list[Figure] = []
    for requests, seconds in QUOTAS:
        found: dict[str, tuple[float, int]] = {}
        for kind in ("ours", "token bucket"):
            measured = measure(kind, requests, seconds, options.latency, options.windows)
            found[kind] = asyncio.run(measured)
        if shutil.which("syslog-ng"):
            name = f"syslog-ng {release('syslog-ng', '--version')} throttle()"
            found[name] = throttled(requests, seconds, options.windows)
        for kind, (used, refused) in found.items():
            print(f"{f'{requests}/{seconds}':<10}{kind:<24}{used:>8.1%}{refused:>8}", flush=True)
        figures += figures_of(f"{requests}/{seconds}", found)
    keep(options.json, figures)


if __name__ == "__main__":
    main()
