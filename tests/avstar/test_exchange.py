"""Requests below a session, held to what the session itself would send and do."""

import asyncio
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from connectors.avstar.exchange import Exchange
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings

HEADERS = {"Authorization": "Bearer t", "Content-Type": "application/json", "X-Request-ID": "1"}
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def exchanging(url, **settings):
    async with new_session(AvstarSettings(api_url=url, **settings)) as session:
        yield Exchange(session, URL(f"{url}/ingest"), None)


async def test_a_request_is_what_the_session_would_send(serve):
    seen = []

    async def handler(request):
        headers = {name.lower(): value for name, value in request.raw_headers}
        seen.append((request.method, request.raw_path, headers, await request.read()))
        assert len(headers) == len(request.raw_headers), "a header was sent twice"
        return web.Response(status=201)

    url = await serve(handler)
    async with exchanging(url) as exchange:
        await exchange.post(HEADERS, b'{"a":1}')
    async with new_session(AvstarSettings(api_url=url)) as session:
        await session.post(f"{url}/ingest", headers=HEADERS, data=b'{"a":1}')

    ours, the_sessions = seen
    assert ours == the_sessions


async def test_what_goes_before_the_answer_is_not_the_answer(serve_raw):
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + CREATED)
        await writer.drain()

    async with exchanging(await serve_raw(talk)) as exchange:
        assert (await exchange.post(HEADERS, b"{}")).status == 201


@pytest.mark.parametrize("name", ["Authorization", "X-Request-ID", "traceparent"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
async def test_no_header_can_smuggle_another(serve, name, end):
    seen = []

    async def handler(request):
        seen.append(request)
        return web.Response(status=201)

    async with exchanging(await serve(handler)) as exchange:
        with pytest.raises(ValueError, match="line break"):
            await exchange.post({**HEADERS, name: f"a{end}X-Evil: 1"}, b"{}")

    assert not seen


async def test_posts_one_after_the_other_share_a_connection(serve):
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(status=201, text="created")

    async with exchanging(await serve(handler)) as exchange:
        for _ in range(20):
            assert (await exchange.post(HEADERS, b"{}")).body == b"created"

    assert len(peers) == 20
    assert len(set(peers)) == 1


async def test_posts_at_once_need_as_many_connections_as_are_allowed_and_no_more(serve):
    peers = set()

    async def handler(request):
        peers.add(request.transport.get_extra_info("peername"))
        await asyncio.sleep(0.01)
        return web.Response(status=201)

    async with exchanging(await serve(handler), concurrency=5) as exchange:
        await asyncio.gather(*(exchange.post(HEADERS, b"{}") for _ in range(50)))

    assert len(peers) == 5


async def test_a_connection_with_an_answer_half_read_is_used_no_more(serve):
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(status=200, body=b"x" * (1 << 20))

    async with exchanging(await serve(handler)) as exchange:
        for _ in range(2):
            assert len((await exchange.post(HEADERS, b"{}")).body) < 1 << 20

    assert len(set(peers)) == 2


async def test_a_server_that_says_close_is_not_asked_again_on_that_connection(serve):
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(status=201, headers={"Connection": "close"})

    async with exchanging(await serve(handler)) as exchange:
        for _ in range(2):
            await exchange.post(HEADERS, b"{}")

    assert len(set(peers)) == 2


async def test_who_is_cancelled_leaves_no_connection_behind(serve):
    arrived = asyncio.Event()

    async def handler(_):
        arrived.set()
        await asyncio.sleep(3600)

    async with exchanging(await serve(handler), concurrency=1) as exchange:
        for _ in range(2):  # of the one place that there is
            arrived.clear()
            one = asyncio.create_task(exchange.post(HEADERS, b"{}"))
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
            await exchange.post(HEADERS, b"{}")
