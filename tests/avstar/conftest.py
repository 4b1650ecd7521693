"""Spots to deliver, servers that answer as a test wants, and an event loop in virtual time."""

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web

from connectors.avstar import courier, drain
from connectors.avstar.client import Client
from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.rate import Rate
from connectors.avstar.sandbox import Sandbox, SandboxSettings
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.records import Spot
from connectors.request_id import request_id

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def new_spot(number: int = 1, **changes: Any) -> Spot:
    spot_id, station, airtime = f"SP{number}", "KABC", "2026-11-24T05:30:00-05:00"
    spot = Spot(
        line=number,
        offset=100 * (number - 1),
        spot_id=spot_id,
        station=station,
        airtime=airtime,
        duration=30,
        advertiser="Müller & Söhne",
        request_id=request_id(spot_id, airtime, "ab" * 32, station),
        raw=f"raw {number}".encode(),
    )
    return spot._replace(**changes)


@pytest.fixture
def spot() -> Spot:
    return new_spot()


@pytest.fixture
def spots() -> Callable[[int], list[Spot]]:
    return lambda count: [new_spot(number) for number in range(1, count + 1)]


class _Selector(selectors.DefaultSelector):
    """Lets virtual time pass instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits and nothing will ever happen")
        self.now += timeout
        return super().select(0)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    loop = _VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


@pytest.fixture(scope="session")
def virtually() -> Callable[[Coroutine[Any, Any, T]], T]:
    """Run a coroutine to its end in virtual time: sleeping costs nothing, a deadlock raises."""
    return run_virtually


@pytest.fixture
async def serve():
    """Serve a path with a handler on a free port, and give the base URL."""
    async with AsyncExitStack() as stack:

        async def serve(handler: Handler, path: str = "/ingest", **options: Any) -> str:
            application = web.Application()
            application.add_routes([web.route("*", path, handler)])
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.05)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0, **options).start()
            scheme = "https" if options else "http"
            return f"{scheme}://localhost:{runner.addresses[0][1]}"

        yield serve


@pytest.fixture
async def client():
    """Open clients of a URL; they are closed with the test."""
    clients = []

    async def client(url, **settings):
        clients.append(Client(AvstarSettings(api_url=url, **settings)))
        await clients[-1].open()
        return clients[-1]

    yield client
    for one in clients:
        await one.close()


@pytest.fixture
async def serve_raw():
    """Serve bytes as they stand: an async function of the connection, after the request's head."""
    servers = []

    async def serve_raw(talk):
        async def connected(reader, writer):
            try:
                await reader.readuntil(b"\r\n\r\n")
                await talk(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # the client has seen enough
            finally:
                writer.close()

        servers.append(await asyncio.start_server(connected, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield serve_raw
    for server in servers:
        server.close()


class Api:
    """A sandbox in the test's event loop, seen from outside."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def stats(self) -> dict[str, Any]:
        async with self._session.get(f"{self.url}/_sandbox/stats") as response:
            return await response.json()

    async def scheduled(self) -> list[str]:
        """Give the IDs of the scheduled spots, sorted."""
        async with self._session.get(f"{self.url}/_sandbox/spots") as response:
            lines = (await response.text()).splitlines()
        return sorted(json.loads(line)["spot_id"] for line in lines)

    async def set_token(self, token: str) -> None:
        await self._switch("token", {"token": token})

    async def set_faults(self, faults: dict[str, object]) -> None:
        await self._switch("faults", faults)

    async def set_oauth_faults(self, faults: dict[str, object]) -> None:
        await self._switch("oauth-faults", faults)

    async def _switch(self, name: str, value: object) -> None:
        async with self._session.put(f"{self.url}/_sandbox/{name}", json=value) as done:
            assert done.status == 204


@pytest.fixture
async def sandbox():
    """Start sandboxes with these settings; they end with the test."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def sandbox(**settings: Any) -> Api:
            up = await stack.enter_async_context(Sandbox(SandboxSettings(**settings)))
            return Api(up.url, session)

        yield sandbox


@pytest.fixture
def virtual_delivery(monkeypatch):
    """Make deliveries whose clock is the loop's; who waits for hours is not looked at so often."""
    monkeypatch.setattr(drain, "_LOOK_SECONDS", 60.0)
    monkeypatch.setattr(courier, "time", SimpleNamespace(monotonic=lambda: 0.0))

    def virtual_delivery(
        api, *, token=None, stopping=lambda: False, watch=None, known=tuple, **settings
    ):
        clock = asyncio.get_running_loop().time
        patience = AvstarSettings(api_url="http://a", rate=Rate(600, 60), **settings)
        credentials = Credentials(token or StaticToken("t"), patience, clock)
        made = Delivery(patience, credentials, stopping=stopping, watch=watch, known=known)
        gate = made._courier._gate
        gate._clock = clock
        gate._paused_from = gate._paused_until = gate._first = 0.0
        made._courier._client = api
        return made

    return virtual_delivery


@pytest.fixture
def patience():
    """Give the settings of deliveries that wait for nothing and give nothing up."""
    return {
        "rate": Rate(10_000, 0.01),
        "backoff_base": 0.001,
        "backoff_max": 0.005,
        "max_attempts": 100,
        "breaker_failures": 10_000,
    }


@pytest.fixture
async def new_delivery(patience):
    """Make deliveries to a URL; they are closed with the test."""
    made = []

    def new_delivery(url, *, token="sandbox", proven=False, stopping=None, watch=None, **settings):
        ours = AvstarSettings(api_url=url, **{**patience, **settings})
        source = StaticToken(token) if isinstance(token, str) else token
        made.append(
            Delivery(
                ours,
                Credentials(source, ours),
                proven=proven,
                stopping=stopping or (lambda: False),
                watch=watch,
            )
        )
        return made[-1]

    yield new_delivery
    for one in made:
        await one.close()
