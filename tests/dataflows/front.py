"""A gateway before an API, with words of its own: what a wrong URL or token leads to."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import aiohttp
from aiohttp import web

Judge = Callable[[web.Request, bytes], web.Response | None]


class Front:
    """Passes every request on, unless `judge` answers it; remembers the credentials it saw.

    To an `Upload` it is the API: `stats` and `spots` are those of the one behind it.
    """

    def __init__(self, api: Any) -> None:
        self.url = ""
        self.judge: Judge = lambda _request, _body: None
        self.credentials: set[str] = set()
        """What came in `Authorization` headers, without the scheme."""
        self.paths: list[str] = []
        self.stats = api.stats
        self.spots = api.spots
        self._api = api.url

    @contextmanager
    def serving(self) -> Iterator["Front"]:
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever)
        thread.start()
        session, runner = asyncio.run_coroutine_threadsafe(self._start(), loop).result()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(_stop(session, runner), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _start(self) -> tuple[aiohttp.ClientSession, web.AppRunner]:
        self._session = aiohttp.ClientSession()
        application = web.Application()
        application.add_routes([web.post("/{path:.*}", self._answer)])
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self._session, runner

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.paths.append(request.path)
        self.credentials.add(request.headers["Authorization"].partition(" ")[2])
        if (said := self.judge(request, body)) is not None:
            return said
        headers = {name: v for name, v in request.headers.items() if name != "Host"}
        url = self._api + request.path_qs
        async with self._session.post(url, data=body, headers=headers) as passed:
            kind = passed.headers["Content-Type"]
            return web.Response(
                status=passed.status, body=await passed.read(), headers={"Content-Type": kind}
            )


async def _stop(session: aiohttp.ClientSession, runner: web.AppRunner) -> None:
    await runner.cleanup()
    await session.close()


def problem(status: int, detail: str, **headers: str) -> web.Response:
    """Say in a problem document that there is no such place."""
    body = json.dumps({"type": "about:blank", "title": "No such place", "detail": detail})
    return web.Response(
        status=status, text=body, content_type="application/problem+json", headers=headers
    )
