"""The sandbox as a whole: a real HTTP server that stands in for the Avstar API."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from types import TracebackType

from aiohttp import web
from typing_extensions import Self

from connectors.avstar.sandbox.control import Control
from connectors.avstar.sandbox.ingest import Ingest
from connectors.avstar.sandbox.oauth import TokenEndpoint
from connectors.avstar.sandbox.problem import problems
from connectors.avstar.sandbox.settings import SandboxSettings
from connectors.avstar.sandbox.stats import Stats
from connectors.avstar.sandbox.store import SpotStore
from connectors.errors import RefusedError

COMMIT_SECONDS = 0.05
"""One commit for all spots of this time: with one for each, SQLite would set the pace."""

SHUTDOWN_SECONDS = 1.0
"""Time for the answers under way when the sandbox stops; what is slower is cut off."""

_OPENAPI = Path(__file__).with_name("openapi.json")


class Sandbox:
    """A local Avstar API, up inside `async with`.

    Example:
        async with Sandbox(SandboxSettings(token="secret")) as sandbox:
            ...  # upload to sandbox.url

    Raises:
        RefusedError: on entering, if the port is taken or the database cannot be used.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self._settings = settings or SandboxSettings()
        self._up = AsyncExitStack()
        self._port = self._settings.port

    @property
    def url(self) -> str:
        """Base URL with the real port, without a slash at the end."""
        host = self._settings.host
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            store = stack.enter_context(closing(_open_store(self._settings.database)))
            await stack.enter_async_context(_committing(store))
            application = _application(self._settings, store)
            self._port = await stack.enter_async_context(_serving(application, self._settings))
            self._up = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._up.aclose()


def _open_store(database: Path | None) -> SpotStore:
    try:
        return SpotStore.open(database)
    except sqlite3.Error as error:
        raise RefusedError(f"database {database}: {error}; name another file") from error


def _application(settings: SandboxSettings, store: SpotStore) -> web.Application:
    stats = Stats()
    issuer = TokenEndpoint(settings, stats)
    ingest = Ingest(settings, store, stats, issuer)
    application = web.Application(middlewares=[problems], client_max_size=settings.max_body_bytes)
    if settings.max_bulk_records:
        application.add_routes([web.post("/ingest/bulk", ingest.answer_bulk)])
    application.add_routes(
        [
            web.post("/ingest", ingest.answer),
            web.post("/oauth/token", issuer.answer),
            web.get("/healthz", _health),
            web.get("/openapi.json", _openapi),
            *Control(ingest, issuer, store, stats).routes(),
        ]
    )
    return application


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "up"})


async def _openapi(_: web.Request) -> web.FileResponse:
    return web.FileResponse(_OPENAPI)


@asynccontextmanager
async def _committing(store: SpotStore) -> AsyncIterator[None]:
    async def commit_regularly() -> None:
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            store.commit()

    task = asyncio.create_task(commit_regularly())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _serving(application: web.Application, settings: SandboxSettings) -> AsyncIterator[int]:
    """Serve, and yield the real port."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        yield await _listen(runner, settings.host, settings.port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise RefusedError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    real_port: int = runner.addresses[0][1]
    return real_port
