"""Servers of bytes, and tests that run on both event loops."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from connectors.avstar.exchange import Exchange
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings

FAULTS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
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


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def left_of(before: int, tasks: int = 0) -> int:
    """Wait for the server to close its ends; give the descriptors that are open since then.

    Of talks that go on, more than so many, each is allowed one.
    """
    for _ in range(500):
        going_on = len(asyncio.all_tasks()) - tasks if tasks else 0
        if descriptors() - before <= going_on:
            return 0
        await asyncio.sleep(0.01)
    return descriptors() - before


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


async def relayed(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    port: int,
    cut: asyncio.Event | None = None,
) -> None:
    """Pass bytes on to a port and back, until an end is reached or the cable is cut."""
    there, back = await asyncio.open_connection("localhost", port)
    work = [asyncio.ensure_future(_pipe(reader, back)), asyncio.ensure_future(_pipe(there, writer))]
    if cut:
        work.append(asyncio.ensure_future(cut.wait()))
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    finally:
        back.close()
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a proxy that tunnels."""
    target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await relayed(reader, writer, int(target.rpartition(b":")[2]))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
