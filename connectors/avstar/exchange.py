"""Requests that differ in little, each with its answer, over connections that are kept.

A session's own `request` makes everything anew for each of them, and so takes two thirds of the
time that a spot costs. Here what all have in common is made once. What is hard stays others':
names, connections, TLS and proxies aiohttp's, the reading of answers llhttp's.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from yarl import URL

from connectors.avstar.reply import BODY_LIMIT, Reply
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.wire import Wire

if sys.version_info >= (3, 11):
    from asyncio import timeout, timeout_at
else:
    from async_timeout import timeout, timeout_at

_KEEPALIVE_SECONDS = 60.0
"""How long a connection is kept that nobody uses: about as long as a pause of the lane."""


class Exchange:
    """Posts to one address, within the session's timeouts; needs the running event loop.

    Nothing is redirected, repeated or remembered. `concurrency` posts may be under way at once.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: AvstarSettings) -> None:
        assert session.connector  # noqa: S101 - until it is closed it has one
        self._connector = session.connector
        self._timeout = session.timeout
        self._seconds = settings.request_timeout
        self._loop = asyncio.get_running_loop()
        self._common = aiohttp.ClientRequest(
            "POST",
            URL(settings.ingest_url),
            loop=self._loop,
            session=session,
            skip_auto_headers=session.skip_auto_headers,
            proxy=URL(settings.proxy.url) if settings.proxy else None,
        )
        self._common.headers.popall("Content-Length", None)  # each has its own
        self._head = b""
        self._idle: deque[tuple[float, Wire]] = deque()
        self._sweeping: asyncio.TimerHandle | None = None
        self._open: set[Wire] = set()
        self._closed = False
        self._places, self._waiting = self._connector.limit, 0
        self._freed = asyncio.Event()

    async def post(self, fields: bytes, body: bytes, limit: int = BODY_LIMIT) -> Reply:
        """Send a request and read its answer, whose body may have `limit` bytes.

        `fields` are the header lines that are its own, each with its line end.

        Raises:
            asyncio.TimeoutError: It took too long.
            aiohttp.ClientError: There was no connection, or no answer that could be read.
            OSError: Likewise.
        """
        rest = b"%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)
        until = self._loop.time() + self._seconds
        if not self._places or self._waiting:
            await self._place(until)
        self._places -= 1
        try:
            wire = self._kept() or await self._connect(until)
            try:
                reply = await wire.ask(self._head + rest, limit, until)
            except BaseException:
                self._drop(wire)
                raise
            self._keep(wire)
            return reply
        finally:
            self._places += 1
            self._freed.set()

    def close(self) -> None:
        """Close the connections; who posts meanwhile finds theirs closed."""
        self._closed = True
        if self._sweeping:
            self._sweeping.cancel()
            self._sweeping = None
        self._idle.clear()
        while self._open:
            self._open.pop().close()

    def _kept(self) -> Wire | None:
        """Take the connection that was used last, if it can still be used."""
        while self._idle:
            _, wire = self._idle.pop()
            if not wire.spoiled:
                return wire
            self._drop(wire)
        return None

    def _keep(self, wire: Wire) -> None:
        if wire.spoiled or self._closed:
            self._drop(wire)
            return
        self._idle.append((self._loop.time(), wire))
        if not self._sweeping:
            self._sweeping = self._loop.call_later(_KEEPALIVE_SECONDS, self._sweep)

    def _drop(self, wire: Wire) -> None:
        self._open.discard(wire)
        wire.close()

    def _sweep(self) -> None:
        """Close what was used too long ago, and look again when the next of them is due."""
        now = self._loop.time()
        while self._idle and self._idle[0][0] + _KEEPALIVE_SECONDS <= now:
            self._drop(self._idle.popleft()[1])
        due = self._idle[0][0] + _KEEPALIVE_SECONDS if self._idle else 0.0
        self._sweeping = self._loop.call_at(due, self._sweep) if due else None

    async def _place(self, until: float) -> None:
        """Wait until a connection may be used; no longer than to open one."""
        self._waiting += 1
        try:
            async with timeout_at(until):
                with self._told():
                    async with timeout(self._timeout.connect):
                        await asyncio.sleep(0)  # who waits already comes first
                        while not self._places:
                            self._freed.clear()
                            await self._freed.wait()
        finally:
            self._waiting -= 1

    async def _connect(self, until: float) -> Wire:
        """Open a connection on which nothing has come before anything was asked."""
        if self._closed:
            raise aiohttp.ClientConnectionError("it is closed")
        async with timeout_at(until):
            with self._told():
                opened = await self._connector.connect(self._common, [], self._timeout)
        wire = Wire(opened)
        if wire.spoiled:
            wire.close()
            raise aiohttp.ClientPayloadError("it answers before it is asked")
        if not self._head:  # now, since it is the connection that brings a proxy's credentials
            self._head = _head(self._common)
        self._open.add(wire)
        return wire

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what it was that took too long."""
        try:
            yield
        except asyncio.TimeoutError as error:
            where = self._common.url
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {where}") from error


def _head(request: aiohttp.ClientRequest) -> bytes:
    """Return what is the same in every request: its first line, and aiohttp's own headers."""
    absolute = request.proxy and not request.is_ssl()
    target = str(request.url) if absolute else request.url.raw_path_qs
    lines = [f"POST {target} HTTP/1.1", *map(": ".join, request.headers.items()), ""]
    return "\r\n".join(lines).encode()
