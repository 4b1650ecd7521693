"""How much of a quota is used, and how many 429s that costs: ours beside a token bucket.

    python benchmarks/quota.py [--latency 0.005] [--windows 3]

The server is the sandbox as a process of its own, with a strict sliding window and answers after a
few milliseconds. Ours is `avstar run`, at its defaults; the token bucket is the usual script: as
many tokens as the quota, filled at its rate, one for each request, retried at `Retry-After`. Both
are watched in steady state: from the third window on, or from the thirtieth second.
"""

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from pathlib import Path

import aiohttp

from benchmarks.sandbox import AVSTAR, TOKEN, Api, sandbox
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


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.005)
    parser.add_argument("--windows", type=int, default=3)
    options = parser.parse_args()
    print(f"{'quota':<10}{'':<14}{'used':>8}{'429s':>8}")
    for requests, seconds in QUOTAS:
        for kind in ("ours", "token bucket"):
            used, refused = asyncio.run(
                measure(kind, requests, seconds, options.latency, options.windows)
            )
            print(f"{f'{requests}/{seconds}':<10}{kind:<14}{used:>8.1%}{refused:>8}", flush=True)


if __name__ == "__main__":
    main()
