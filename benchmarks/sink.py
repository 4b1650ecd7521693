"""A server that takes everything and looks at nothing, for clients that know no Avstar.

    python benchmarks/sink.py [--rate 600/60]

With a rate it keeps a strict sliding window, and answers 429 beyond that. `GET /seen` tells what
came.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import ProxyHandler, build_opener

from aiohttp import web

from connectors.avstar.sandbox import Rate
from connectors.avstar.sandbox.window import SlidingWindow

opener = build_opener(ProxyHandler({}))


class Seen:
    """Counts requests, and knows when the first and the last of them came."""

    def __init__(self, rate: Rate | None) -> None:
        self._window = rate and SlidingWindow(rate)
        self._first = self._last = 0.0
        self._taken = self._refused = 0

    async def take(self, request: web.Request) -> web.Response:
        """Answer one request."""
        await request.read()
        now = time.monotonic()
        if self._window and not self._window.admit(now):
            self._refused += 1
            wait = math.ceil(self._window.wait(now))
            return web.Response(status=429, headers={"Retry-After": str(wait)})
        self._first = self._first or now
        self._last = now
        self._taken += 1
        return web.json_response({}, status=201)

    async def tell(self, _request: web.Request) -> web.Response:
        """Tell what came so far."""
        span = self._last - self._first
        return web.json_response({"taken": self._taken, "refused": self._refused, "seconds": span})


class Sink:
    """The server, looked at over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def seen(self) -> dict[str, Any]:
        """Return what it has seen: requests `taken` and `refused`, `seconds` from first to last."""
        with opener.open(f"{self.url}/seen", timeout=60) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found


@contextmanager
def sink(*options: str) -> Iterator[Sink]:
    """Run it as a process of its own."""
    command = [sys.executable, __file__, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Sink(process.stdout.readline().strip())
        finally:
            process.kill()


async def serve(rate: Rate | None) -> None:
    """Serve until killed, on a port that is printed."""
    seen, app = Seen(rate), web.Application()
    app.add_routes([web.post("/ingest", seen.take), web.get("/seen", seen.tell)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=Rate.parse)
    asyncio.run(serve(options.parse_args().rate))


if __name__ == "__main__":
    main()
