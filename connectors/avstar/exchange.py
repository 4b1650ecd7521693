"""Requests that differ in little, each with its answer, over the connections of a session's pool.

A session's own `request` makes everything anew for each of them, and so takes half of the time
that a spot costs. Here what all have in common is made once. What is hard stays aiohttp's: names,
connections and their pool, TLS, proxies, the reading of answers.
"""

import asyncio
import re
import sys
from collections.abc import Mapping
from http import HTTPStatus as Http

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from yarl import URL

from connectors.avstar.reply import BODY_LIMIT, Reply, read_body
from connectors.avstar.settings import AvstarSettings

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout

_INFORMATIONAL = range(100, 200)

_CONTROL = re.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f]")
"""What no header may hold; a line break would begin another."""


class Exchange:
    """Posts to one address, within the session's timeouts; needs the running event loop.

    Nothing is redirected, repeated or remembered.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: AvstarSettings) -> None:
        assert session.connector  # noqa: S101 - until it is closed it has one
        self._connector = session.connector
        self._timeout = session.timeout
        self._common = aiohttp.ClientRequest(
            "POST",
            URL(settings.ingest_url),
            loop=asyncio.get_running_loop(),
            session=session,
            skip_auto_headers=session.skip_auto_headers,
            proxy=URL(settings.proxy.url) if settings.proxy else None,
        )
        self._common.headers.popall("Content-Length", None)  # each has its own
        self._head = b""

    async def post(self, headers: Mapping[str, str], body: bytes, limit: int = BODY_LIMIT) -> Reply:
        """Send a request and read its answer, whose body may have `limit` bytes.

        Raises:
            asyncio.TimeoutError: It took too long.
            aiohttp.ClientError: There was no connection, or no answer that could be read.
            OSError: Likewise.
            ValueError: A header holds a control character.
        """
        fields = _fields({**headers, "Content-Length": str(len(body))})
        async with timeout(self._timeout.total):
            connection = await self._connect()
            try:
                reply = await self._talk(connection, fields + body, limit)
            except BaseException:
                connection.close()
                raise
            connection.release()  # closed, if its answer was not read to the end
            return reply

    async def _connect(self) -> Connection:
        """Take a connection on which nothing has come before anything was asked.

        It would count as the answer to a spot that nobody has read. Some servers say 408 before
        they close a connection that was idle, and some answer twice.
        """
        for _ in range(self._connector.limit + 1):  # all that the pool may hold, and a new one
            connection = await self._taken()
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            connection.close()
        raise aiohttp.ClientPayloadError("it answers before it is asked")

    async def _taken(self) -> Connection:
        try:
            return await self._connector.connect(self._common, [], self._timeout)
        except asyncio.TimeoutError as error:
            where = self._common.url
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {where}") from error

    async def _talk(self, connection: Connection, rest: bytes, limit: int) -> Reply:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            raise aiohttp.ServerDisconnectedError
        if not self._head:  # now, since it is the connection that brings a proxy's credentials
            self._head = _head(self._common)
        protocol.set_response_params(read_until_eof=True)
        transport.write(self._head + rest)
        message, content = await _answer(protocol)
        reply = Reply(message.code, message.headers, await read_body(content, limit))
        if transport.get_write_buffer_size():  # it answered without reading all: what is left
            protocol.force_close()  # would stand before the next request
        return reply


def _head(request: aiohttp.ClientRequest) -> bytes:
    """Return what is the same in every request: its first line, and aiohttp's own headers."""
    absolute = request.proxy and not request.is_ssl()
    target = str(request.url) if absolute else request.url.raw_path_qs
    return f"POST {target} HTTP/1.1\r\n".encode() + _fields(request.headers)[:-2]


def _fields(headers: Mapping[str, str]) -> bytes:
    text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if _CONTROL.search("".join(headers.values())):
        raise ValueError("a header holds a control character")
    return f"{text}\r\n".encode()


async def _answer(protocol: ResponseHandler) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """Wait for the final answer; those before it (1xx) say nothing."""
    while True:
        try:
            message, content = await protocol.read()
        except HttpProcessingError as error:
            raise aiohttp.ClientPayloadError(error.message) from error
        if message.code == Http.SWITCHING_PROTOCOLS or message.code not in _INFORMATIONAL:
            return message, content
