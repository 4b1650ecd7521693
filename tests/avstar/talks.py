"""Servers of bytes, and tests that run on both event loops."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop

from connectors.avstar.exchange import Exchange
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Serve functions of a connection; all end with the context."""
    servers, talks = [], []

    async def serve(talk: Talk, **options: Any) -> str:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.append(asyncio.current_task())
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(reader, writer)
            writer.close()

        servers.append(
            await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 12, **options)
        )
        scheme = "https" if "ssl" in options else "http"
        return f"{scheme}://localhost:{servers[-1].sockets[0].getsockname()[1]}"

    try:
        yield serve
    finally:
        for server in servers:
            server.close()
        for one in talks:
            one.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for _ in range(5):
            await asyncio.sleep(0)


def both_loops(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test of a `serve` on asyncio's own event loop and on uvloop's."""
    signature = inspect.signature(test)
    run = inspect.Parameter("run", inspect.Parameter.KEYWORD_ONLY)
    others = [one.replace(kind=one.KEYWORD_ONLY) for one in signature.parameters.values()][1:]

    @functools.wraps(test)
    def on_a_loop(*, run: Callable[..., None], **arguments: Any) -> None:
        async def within() -> None:
            async with serving() as serve:
                await test(serve, **arguments)

        run(within())

    on_a_loop.__signature__ = signature.replace(parameters=[run, *others])
    loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
    return loops(on_a_loop)


@asynccontextmanager
async def exchanging(url: str, **settings: Any) -> AsyncIterator[Exchange]:
    settings = AvstarSettings(api_url=url, **settings)
    async with new_session(settings) as session:
        exchange = Exchange(session, settings)
        yield exchange
        exchange.close()


async def asked(reader: asyncio.StreamReader) -> None:
    """Read a request with a body of two bytes."""
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await asked(reader)
        writer.write(CREATED)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(1)
    await asyncio.Event().wait()
