"""An API guarded by the exact moving window of the `limits` library; prints its URL.

    python moving_window.py 100

It admits so many requests in any second, and answers 429 with `Retry-After` to the others.
"""

import asyncio
import sys
from collections import Counter

from aiohttp import web
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

quota = RateLimitItemPerSecond(int(sys.argv[1]))
limiter = MovingWindowRateLimiter(MemoryStorage())
stats: Counter[str] = Counter(accepted=0, throttled=0)


async def ingest(request: web.Request) -> web.Response:
    await request.read()
    if limiter.hit(quota):
        stats["accepted"] += 1
        return web.Response(status=201)
    stats["throttled"] += 1
    return web.Response(status=429, headers={"Retry-After": "1"})


async def show(_: web.Request) -> web.Response:
    return web.json_response(stats)


async def main() -> None:
    application = web.Application()
    application.add_routes([web.post("/ingest", ingest), web.get("/stats", show)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)  # noqa: T201 - its answer
    await asyncio.Event().wait()


asyncio.run(main())
