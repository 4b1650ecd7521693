"""One connection, on which one request at a time is answered."""

import asyncio
from http import HTTPStatus as Http
from itertools import chain

import aiohttp
from aiohttp.connector import Connection
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict
from typing_extensions import override

from connectors.avstar.reply import Reply, read_headers, unpacked

_INFORMATIONAL = frozenset(range(100, 200)) - {Http.SWITCHING_PROTOCOLS}

_HEAD_LIMIT = 64 << 10
"""Bytes that may come before an answer's body."""

_LAVISH = 8
"""So many bytes may come for one of the body: small chunks have more around them than in them."""

_TOO_LONG = f"what stands around its answer's body is longer than {_HEAD_LIMIT:,} bytes"


class Wire(asyncio.Protocol):
    """Takes over a connection that aiohttp has opened, and reads the answers on it.

    `spoiled` is one that nothing more may be asked on: it was closed, what came on it is no HTTP,
    or more than the answer. What nobody asked for would count as the answer to a spot that nobody
    has read. Some servers say 408 before they close a connection that was idle, and some answer
    twice.
    """

    def __init__(self, connection: Connection) -> None:
        handler, transport = connection.protocol, connection.transport
        if handler is None or transport is None:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        self.spoiled = handler.should_close  # something came at once
        self._connection, self._handler, self._transport = connection, handler, transport
        self._loop = asyncio.get_running_loop()
        self._reply: asyncio.Future[Reply] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._body = bytearray()
        self._limit = self._taken = 0
        self._until, self._whole_head = 0.0, False
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(  # as aiohttp's own
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        transport.set_protocol(self)

    async def ask(self, request: bytes, limit: int, until: float) -> Reply:
        """Send a request and wait for its answer, whose body may have `limit` bytes.

        It may take until then, in the event loop's time.

        Raises:
            asyncio.TimeoutError: It took too long.
            aiohttp.ClientError: No answer came, or none that could be read.
        """
        self._limit, self._taken = limit, 0
        self._fields, self._body, self._whole_head = [], bytearray(), False
        reply: asyncio.Future[Reply] = self._loop.create_future()
        self._reply, self._until = reply, until
        self._alarm = self._alarm or self._loop.call_at(until, self._ring)
        self._transport.write(request)
        try:
            return await reply
        except asyncio.CancelledError:
            if not reply.cancelled():
                reply.exception()  # nobody else asks for it
            raise
        finally:
            self._reply = None
            del reply  # whose error knows this frame

    def close(self) -> None:
        """Close the connection."""
        self.spoiled = True
        if self._alarm:
            self._alarm.cancel()
        self._connection.close()

    @override
    def data_received(self, data: bytes) -> None:
        if self._reply is None or self._reply.done():
            self.close()  # nobody asked
            return
        self._taken += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.spoiled = True
        except HttpParserError as error:
            self._fail(aiohttp.ClientPayloadError(str(error)))
        if self._taken > _HEAD_LIMIT:
            self._measure()

    @override
    def eof_received(self) -> None:
        self._end(None)  # now: what we have not sent yet may keep the connection open

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)
        self._handler.connection_lost(exc)
        self.close()
        self._transport.close()  # Python 3.10 says that TLS which the other side closed is open
        del self._parser, self._transport  # which know us

    def on_message_begin(self) -> None:
        """Note an answer after the final one."""
        self.spoiled |= self._whole_head

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the head as a whole; what comes after the body (trailers) is none of it."""
        self._headers, self._whole_head = read_headers(self._fields), True
        if self._taken > _HEAD_LIMIT and sum(map(len, chain(*self._fields))) > _HEAD_LIMIT:
            self._fail(aiohttp.ClientPayloadError(_TOO_LONG))

    def on_body(self, part: bytes) -> None:
        """Take a part of the body; more than is of use costs the connection, not our memory."""
        self._body += part
        if len(self._body) > self._limit:
            self.spoiled = True
            self._finish()

    def on_message_complete(self) -> None:
        """Hand over the final answer; those before it (1xx) say nothing."""
        if self._parser.get_status_code() in _INFORMATIONAL:
            self._fields, self._body, self._whole_head = [], bytearray(), False
            return
        self.spoiled |= not self._parser.should_keep_alive()
        # it answered without reading all: what is left would stand before the next request
        self.spoiled |= bool(self._transport.get_write_buffer_size())
        self._finish()

    def _measure(self) -> None:
        """Give up an answer of which too much has come that is not its body."""
        if not self._whole_head or self._taken > _HEAD_LIMIT + _LAVISH * self._limit:
            self._fail(aiohttp.ClientPayloadError(_TOO_LONG))

    def _end(self, exc: Exception | None) -> None:
        """Take the connection's end for the answer's, if that names no other, or for a fault."""
        if self._whole_head and self._ends_with_the_connection():
            self._finish()  # by a reset too: so closes who has not read all
        elif isinstance(exc, OSError):
            self._fail(aiohttp.ClientOSError(*exc.args))
        elif self._whole_head:
            self._fail(aiohttp.ClientPayloadError("its answer ends half-way"))
        else:
            self._fail(aiohttp.ServerDisconnectedError())
        self.spoiled = True

    def _ends_with_the_connection(self) -> bool:
        if codings := self._headers.getall("Transfer-Encoding", None):
            return codings[-1].rpartition(",")[2].strip().lower() != "chunked"
        return "Content-Length" not in self._headers

    def _finish(self) -> None:
        if self._reply is None or self._reply.done():
            return
        status = self._parser.get_status_code()
        if status in _INFORMATIONAL:
            self._fail(aiohttp.ClientPayloadError("its informational answer has no end"))
            return
        packed, coding = bytes(self._body), self._headers.get("Content-Encoding")
        try:
            body = unpacked(packed, coding, self._limit) if coding else packed
        except ValueError as error:
            self._fail(aiohttp.ClientPayloadError(str(error)))
        else:
            self._reply.set_result(Reply(status, self._headers, body))

    def _fail(self, error: Exception) -> None:
        self.spoiled = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)

    def _ring(self) -> None:
        """Give up, if it is time. A timer for each request would take as long as to send it."""
        self._alarm = None
        if self._reply is None:
            return
        if self._loop.time() < self._until:
            self._alarm = self._loop.call_at(self._until, self._ring)
        else:
            self._fail(asyncio.TimeoutError())
