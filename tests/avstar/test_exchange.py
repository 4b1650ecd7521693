"""Requests below a session, held to what the session itself would send and do."""

import asyncio
import gc
from contextlib import asynccontextmanager, closing, suppress

import aiohttp
import pytest
from aiohttp import web

from connectors.avstar.exchange import Exchange
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings

HEADERS = {"Authorization": "Bearer t", "Content-Type": "application/json", "X-Request-ID": "1"}
FIELDS = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def exchanging(url, **settings):
    async with new_session(AvstarSettings(api_url=url, **settings)) as session:
        exchange = Exchange(session, AvstarSettings(api_url=url, **settings))
        yield exchange
        exchange.close()


async def test_a_request_is_what_the_session_would_send(serve):
    seen = []

    async def handler(request):
        headers = {name.lower(): value for name, value in request.raw_headers}
        seen.append((request.method, request.raw_path, headers, await request.read()))
        assert len(headers) == len(request.raw_headers), "a header was sent twice"
        return web.Response(status=201)

    url = await serve(handler)
    async with exchanging(url) as exchange:
        await exchange.post(FIELDS, b'{"a":1}')
    async with new_session(AvstarSettings(api_url=url)) as session:
        await session.post(f"{url}/ingest", headers=HEADERS, data=b'{"a":1}')

    ours, the_sessions = seen
    assert ours == the_sessions


async def test_what_goes_before_the_answer_is_not_the_answer(serve_raw):
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + CREATED)
        await writer.drain()

    async with exchanging(await serve_raw(talk)) as exchange:
        assert (await exchange.post(FIELDS, b"{}")).status == 201


async def test_posts_one_after_the_other_share_a_connection(serve):
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(status=201, text="created")

    async with exchanging(await serve(handler)) as exchange:
        for _ in range(20):
            assert (await exchange.post(FIELDS, b"{}")).body == b"created"

    assert len(peers) == 20
    assert len(set(peers)) == 1


async def test_posts_at_once_need_as_many_connections_as_are_allowed_and_no_more(serve):
    peers = set()

    async def handler(request):
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0.01)
        return web.Response(status=201)

    async with exchanging(await serve(handler), concurrency=5) as exchange:
        await asyncio.gather(*(exchange.post(FIELDS, b"{}") for _ in range(50)))

    assert len(peers) == 5


async def test_a_connection_with_an_answer_half_read_is_used_no_more(serve):
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(status=200, body=b"x" * (1 << 20))

    async with exchanging(await serve(handler)) as exchange:
        for _ in range(2):
            assert len((await exchange.post(FIELDS, b"{}")).body) < 1 << 20

    assert len(set(peers)) == 2


async def test_a_server_that_says_close_is_not_asked_again_on_that_connection(serve):
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(status=201, headers={"Connection": "close"})

    async with exchanging(await serve(handler)) as exchange:
        for _ in range(2):
            await exchange.post(FIELDS, b"{}")

    assert len(set(peers)) == 2


async def test_who_is_cancelled_leaves_no_connection_behind(serve):
    arrived = asyncio.Event()

    async def handler(_):
        arrived.set()
        await asyncio.sleep(3600)

    async with exchanging(await serve(handler), concurrency=1) as exchange:
        for _ in range(2):  # of the one place that there is
            arrived.clear()
            one = asyncio.create_task(exchange.post(FIELDS, b"{}"))
            await asyncio.wait_for(arrived.wait(), 10)
            one.cancel()
            with suppress(asyncio.CancelledError):
                await one


async def test_what_is_no_http_is_an_error_of_the_client(serve_raw):
    async def talk(_, writer):
        writer.write(b"SMTP ready\r\n\r\n")
        await writer.drain()

    async with exchanging(await serve_raw(talk)) as exchange:
        with pytest.raises(aiohttp.ClientError):
            await exchange.post(FIELDS, b"{}")


class Talker:
    """A server of bytes that counts the requests which it has read, by connection."""

    def __init__(self, *, at_once=b"", later=b"", reads=True):
        self.requests = []
        self.over = asyncio.Event()
        self.unasked = 0
        self._at_once, self._later, self._reads = at_once, later, reads

    async def __call__(self, reader, writer):
        with closing(writer):
            await self._talk(reader, writer)

    async def _talk(self, reader, writer):
        number = len(self.requests)
        self.requests.append(0)
        writer.write(self._at_once)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while self._reads:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                self.requests[number] += 1
                writer.write(CREATED)
                await asyncio.sleep(0.02)
                writer.write(self._later)
                await writer.drain()
                self.unasked += 1
            await reader.readuntil(b"\r\n\r\n")
            self.requests[number] += 1
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            await self.over.wait()


@pytest.fixture
async def talking():
    servers, talkers = [], []

    async def talking(talker):
        talkers.append(talker)
        servers.append(await asyncio.start_server(talker, "127.0.0.1", 0, limit=1 << 12))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield talking
    for talker in talkers:
        talker.over.set()
    for server in servers:
        server.close()
    await asyncio.sleep(0.05)  # until they have hung up


IDLE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("later", [CREATED, IDLE, b"x"], ids=["twice", "idle", "noise"])
async def test_what_comes_unasked_is_the_answer_to_nothing(talking, later):
    talker = Talker(later=later)
    async with exchanging(await talking(talker)) as exchange:
        for posts in (1, 2, 3):
            assert (await exchange.post(FIELDS, b"{}")).status == 201
            while talker.unasked < posts:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)

    assert talker.requests == [1, 1, 1], "each was read, on a connection of its own"


async def test_a_server_that_always_answers_unasked_is_asked_for_nothing(talking):
    talker = Talker(at_once=CREATED)
    async with exchanging(await talking(talker)) as exchange:
        connect = exchange._connector.connect

        async def connect_slowly(*args):
            connection = await connect(*args)
            await asyncio.sleep(0.05)  # until what comes unasked has come
            return connection

        exchange._connector.connect = connect_slowly
        for _ in range(2):
            with pytest.raises(aiohttp.ClientPayloadError, match="before it is asked"):
                await exchange.post(FIELDS, b"{}")

    assert talker.requests == [0, 0]


async def test_an_answer_before_all_was_read_costs_the_connection(talking):
    talker = Talker(reads=False)
    async with exchanging(await talking(talker), request_timeout=20) as exchange:
        for _ in range(2):
            assert (await exchange.post(FIELDS, b"x" * (32 << 20))).status == 413

    assert talker.requests == [1, 1]


async def test_a_status_that_is_none_is_an_answer_all_the_same(serve_raw):
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with exchanging(await serve_raw(talk), request_timeout=5) as exchange:
        assert (await exchange.post(FIELDS, b"{}")).status == 42


async def test_the_end_of_a_kept_connection_is_not_the_answer_before_it_once_more(serve_raw):
    async def talk(reader, writer):
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")

    async with exchanging(await serve_raw(talk)) as exchange:
        assert (await exchange.post(FIELDS, b"{}")).status == 204
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await exchange.post(FIELDS, b"{}")


async def test_a_connection_that_was_lost_before_it_was_taken_over_is_given_back(serve, recwarn):
    async def handler(_):
        return web.Response(status=201)

    async with exchanging(await serve(handler)) as exchange:
        connect = exchange._connector.connect

        async def connect_and_lose(*args):
            connection = await connect(*args)
            connection.transport.abort()
            await asyncio.sleep(0.01)
            return connection

        exchange._connector.connect = connect_and_lose
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await exchange.post(FIELDS, b"{}")
    gc.collect()
    assert not recwarn.list
