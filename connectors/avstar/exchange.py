"""Requests that differ in little, each with its answer, over the connections of a session's pool.

A session's own `request` makes everything anew for each of them, and so takes half of the time
that a spot costs. Here what all have in common is made once. What is hard stays aiohttp's: names,
connections and their pool, TLS, proxies, the reading of answers.
"""

import asyncio
import sys
from collections.abc import Mapping
from http import HTTPStatus as Http
from typing import NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from yarl import URL

from connectors.avstar.proxy import Proxy

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout

_BODY_LIMIT = 64 << 10
"""Bytes of an answer that are read; a longer one costs its connection, not our memory."""


class Reply(NamedTuple):
    """An HTTP response as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """Posts to one address, within the session's timeouts; needs the running event loop.

    Nothing is redirected, repeated or remembered.
    """

    def __init__(self, session: aiohttp.ClientSession, url: URL, proxy: Proxy | None) -> None:
        assert session.connector  # noqa: S101 - until it is closed it has one
        self._connector = session.connector
        self._timeout = session.timeout
        self._common = aiohttp.ClientRequest(
            "POST",
            url,
            loop=asyncio.get_running_loop(),
            session=session,
            skip_auto_headers=session.skip_auto_headers,
            proxy=URL(proxy.url) if proxy else None,
        )
        self._common.headers.popall("Content-Length", None)  # each has its own
        self._head = b""

    async def post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request and read its answer.

        Raises:
            asyncio.TimeoutError: It took too long.
            aiohttp.ClientError: There was no connection, or no answer that could be read.
            OSError: Likewise.
            ValueError: A header holds a line break.
        """
        fields = _fields({**headers, "Content-Length": str(len(body))})
        async with timeout(self._timeout.total):
            connection = await self._connect()
            try:
                reply = await self._talk(connection, fields + body)
            except BaseException:
                connection.close()
                raise
            connection.release()  # closed, if its answer was not read to the end
            return reply

    async def _connect(self) -> Connection:
        try:
            connection = await self._connector.connect(self._common, [], self._timeout)
        except asyncio.TimeoutError as error:
            where = self._common.url
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {where}") from error
        self._head = self._head or _head(self._common)  # here a proxy's credentials are known
        return connection

    async def _talk(self, connection: Connection, rest: bytes) -> Reply:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(read_until_eof=True)
        transport.write(self._head + rest)
        message, content = await _answer(protocol)
        return Reply(message.code, message.headers, await read_body(content))


def _head(request: aiohttp.ClientRequest) -> bytes:
    """Return what is the same in every request: its first line, and aiohttp's own headers."""
    absolute = request.proxy and not request.is_ssl()
    target = str(request.url) if absolute else request.url.raw_path_qs
    return f"POST {target} HTTP/1.1\r\n".encode() + _fields(request.headers)[:-2]


def _fields(headers: Mapping[str, str]) -> bytes:
    text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if not text.count("\r") == text.count("\n") == len(headers):
        raise ValueError("a header holds a line break")
    return f"{text}\r\n".encode()


async def _answer(protocol: ResponseHandler) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """Wait for the final answer; those before it (1xx) say nothing."""
    while True:
        try:
            message, content = await protocol.read()
        except HttpProcessingError as error:
            raise aiohttp.ClientPayloadError(error.message) from error
        if message.code >= Http.OK or message.code == Http.SWITCHING_PROTOCOLS:
            return message, content


async def read_body(content: aiohttp.StreamReader) -> bytes:
    """Read an answer's body, or so much of it as is of use."""
    if content.is_eof():  # as nearly always: it came together with the headers
        return content.read_nowait()
    body = b""
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > _BODY_LIMIT:
            break
    return body
