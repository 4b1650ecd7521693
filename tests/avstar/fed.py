"""A wire and aiohttp's own reader, fed the same bytes in the same pieces."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection

from connectors.avstar.reply import BODY_LIMIT
from connectors.avstar.wire import Wire

KEY = ConnectionKey("localhost", 80, False, False, None, None, None)


class Read(NamedTuple):
    """What a reader made of an answer; no status if it was none, or if it waits for more."""

    status: int | None
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    kept: bool = False


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connection, socket.socket]]:
    """Give a connection as aiohttp opens it, and its other end."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    _, handler = await loop.create_connection(partial(ResponseHandler, loop), sock=ours)
    async with aiohttp.TCPConnector() as connector:
        connection = Connection(connector, KEY, handler, loop)
        try:
            yield connection, theirs
        finally:
            connection.close()
            theirs.close()


async def by_a_wire(pieces: Sequence[bytes], *, limit: int = BODY_LIMIT, end: bool = True) -> Read:
    async with connected() as (connection, other):
        wire = Wire(connection)
        until = asyncio.get_running_loop().time() + 60
        asking = asyncio.ensure_future(wire.ask(b"", limit, until))
        await asyncio.sleep(0)
        for piece in pieces:
            wire.data_received(piece)
        await _turns()
        kept = asking.done() and not wire.spoiled
        reply = await _outcome(asking, other, end=end)
        wire.close()
        assert not (end and isinstance(reply, asyncio.CancelledError)), "it hangs"
        if not isinstance(reply, tuple):
            return Read(None)
        return Read(reply.status, _lowered(reply.headers), reply.body, kept)


async def by_aiohttp(pieces: Sequence[bytes], *, end: bool = True) -> Read:
    most = 1 << 20
    async with connected() as (connection, other):
        handler = connection.protocol
        handler.set_response_params(
            read_until_eof=True, max_line_size=most, max_field_size=most, max_headers=most
        )
        asking = asyncio.ensure_future(_read(handler))
        for piece in pieces:
            handler.data_received(piece)
        await _turns()
        kept = asking.done() and not handler.should_close
        patience = 0 if handler.exception() else 10  # it may hang, since nobody tells its stream
        found = await _outcome(asking, other, end=end, patience=patience)
        if not isinstance(found, tuple):
            return Read(None)
        message, body = found
        return Read(message.code, _lowered(message.headers), body, kept)


def _lowered(headers):
    return tuple((name.lower(), value) for name, value in headers.items())


async def _read(handler: ResponseHandler):
    while True:
        message, payload = await handler.read()
        if message.code not in range(100, 200) or message.code == 101:
            return message, await payload.read()


async def _turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def _outcome(
    asking: asyncio.Future, other: socket.socket, *, end: bool, patience: float = 10
):
    if end:
        other.close()
        await asyncio.wait([asking], timeout=patience)
    await _turns()
    if not asking.done():
        asking.cancel()
    try:
        return await asking
    except (asyncio.CancelledError, aiohttp.ClientError, aiohttp.http.HttpProcessingError) as error:
        return error
