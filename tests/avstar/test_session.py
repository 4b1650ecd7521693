"""Connections as the system sees them: options, how many, and what is left of them."""

import asyncio
import gc
import math
import socket
import ssl
import threading
from contextlib import asynccontextmanager, closing, suppress
from itertools import count, cycle

import aiohttp
import pytest
import trustme
from aiohttp import web

from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings
from connectors.errors import RefusedError
from tests.avstar.talks import descriptors

CONNECTIONS = 20


@asynccontextmanager
async def opened(**settings):
    usual = {"api_url": "http://localhost", "concurrency": CONNECTIONS}
    async with new_session(AvstarSettings(**{**usual, **settings})) as session:
        yield session


async def test_every_timeout_is_ours():
    async with opened(connect_timeout=7, request_timeout=17) as session:
        assert session.timeout == aiohttp.ClientTimeout(
            total=17, connect=7, sock_connect=7, sock_read=17, ceil_threshold=math.inf
        )


async def test_the_system_watches_a_connection(serve):
    looked_at = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse(status=201)
        await response.prepare(request)
        await looked_at.wait()
        return response

    wanted = {
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 15,
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 5,
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): 2500,
        (socket.IPPROTO_TCP, socket.TCP_NODELAY): 1,
    }
    async with (
        opened(request_timeout=2.5) as session,
        session.post(f"{await serve(handler)}/ingest") as response,
    ):
        real = response.connection.transport.get_extra_info("socket")
        assert {option: real.getsockopt(*option) for option in wanted} == wanted
        looked_at.set()


async def test_a_system_that_lacks_an_option_is_good_enough(serve, monkeypatch):
    async def handler(_):
        return web.Response(status=201)

    monkeypatch.delattr(socket, "TCP_KEEPIDLE")
    async with opened() as session, session.post(f"{await serve(handler)}/ingest") as response:
        assert response.status == 201


async def test_thousands_of_requests_need_as_many_connections_as_are_in_flight_and_no_more(serve):
    peers, under_way, most = set(), 0, 0

    async def handler(request):
        nonlocal under_way, most
        peers.add(request.transport.get_extra_info("peername"))
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return web.Response(status=201)

    url = f"{await serve(handler)}/ingest"
    numbers = iter(range(2000))

    async def work(session):
        for _ in numbers:
            async with session.post(url, data=b"{}") as response:
                assert response.status == 201

    async with opened() as session:
        await asyncio.gather(*(work(session) for _ in range(3 * CONNECTIONS)))

    assert most <= CONNECTIONS
    assert len(peers) <= CONNECTIONS


async def test_a_bad_certificate_file_is_refused_before_anything_is_opened(tmp_path):
    before = descriptors()

    with pytest.raises(RefusedError, match="cannot be read"):
        new_session(AvstarSettings(api_url="https://localhost", ca_file=tmp_path / "gone"))
    assert descriptors() == before


# How connections end: each takes the request of a connection and leaves it in a state of its own.


async def whole(request):
    return web.Response(status=201, text="scheduled")


async def reset(request):
    return disconnect(request)


async def reset_in_the_body(request):
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"half")
    return disconnect(request)


async def aborted(request):
    request.transport.abort()
    return web.Response()


async def half_closed(request):
    request.transport.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf")
    request.transport.write_eof()
    await asyncio.sleep(0.001)
    return web.Response()


async def closed_after_the_answer(request):
    response = web.Response(status=201)
    response.force_close()
    return response


async def closed_without_a_word(request):
    response = web.Response(status=201)
    await response.prepare(request)
    await response.write_eof()
    request.transport.close()
    return response


async def no_http(request):
    request.transport.write(b"\0" * 100)
    request.transport.close()
    return web.Response()


async def late(request):
    await asyncio.sleep(0.2)
    return web.Response(status=201)


ENDS = [whole, reset, reset_in_the_body, aborted, half_closed, closed_after_the_answer,
        closed_without_a_word, no_http]  # fmt: skip


async def test_an_hours_resets_leave_no_descriptor_behind(serve):
    ends, seen, peak = cycle(ENDS), set(), 0
    gc.collect()
    before = descriptors()

    async def handler(request):
        nonlocal peak
        end = next(ends)
        seen.add(end)
        peak = max(peak, descriptors() - before)
        return await (late if next(numbered) % 100 == 0 else end)(request)

    numbered, numbers = count(1), iter(range(3000))
    url = f"{await serve(handler)}/ingest"
    listening = descriptors() - before

    async def work(session):
        for _ in numbers:
            with suppress(aiohttp.ClientError, asyncio.TimeoutError):
                async with session.post(url, data=b"{}") as response:
                    await response.read()

    async with opened(request_timeout=0.1) as session:
        await asyncio.gather(*(work(session) for _ in range(CONNECTIONS)))
        idle = descriptors() - before
    gc.collect()  # what was not closed would warn now, and warnings are errors
    await asyncio.sleep(0.3)

    assert seen == set(ENDS)
    assert peak <= listening + 6 * CONNECTIONS, "both ends of a connection, some of them closing"
    assert idle <= listening + 4 * CONNECTIONS
    assert descriptors() - before <= listening


@pytest.fixture
def silent_tls(tmp_path):
    """Serve TLS that takes requests and says nothing, not even good-bye; give URL and CA file."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    taken = []

    def serve(listener):
        with suppress(OSError):
            while True:
                taken.append(listener.accept()[0])
                with suppress(OSError):
                    taken.append(context.wrap_socket(taken.pop(), server_side=True))
                    taken[-1].recv(1 << 16)

    with closing(socket.create_server(("127.0.0.1", 0), backlog=100)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/", tmp_path / "ca.pem", taken
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in taken:
        one.close()


async def test_a_silent_tls_server_does_not_hold_connections_open_after_their_time(silent_tls):
    url, ca_file, taken = silent_tls
    before = descriptors() - len(taken)

    async with opened(request_timeout=0.2, ca_file=ca_file) as session:
        for _ in range(15):
            with pytest.raises(asyncio.TimeoutError):
                await session.post(url, data=b"{}")
        assert descriptors() - before - len(taken) <= 3
