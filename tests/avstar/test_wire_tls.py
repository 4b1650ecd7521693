"""A wire over TLS, straight and through a proxy's tunnel, on both event loops."""

import asyncio
import gc
import ssl
import weakref
from contextlib import suppress

import aiohttp
import pytest
import trustme

from connectors.avstar import exchange as module
from connectors.avstar.proxy import Proxy
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings
from tests.avstar.talks import (
    CREATED,
    FAULTS,
    answering,
    asked,
    both_loops,
    descriptors,
    exchanging,
    left_of,
    relayed,
    silent,
    tunnel,
)

HEAD = b"HTTP/1.1 201 Created\r\n"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, tmp_path):
    """Options of a server with a certificate, and settings that trust it."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return {"ssl": context}, {"ca_file": tmp_path / "ca.pem"}


async def tunnelled(serve, through):
    """Give the settings of the way to a server: straight, or through a tunnel."""
    return {"proxy": Proxy(await serve(tunnel))} if through else {}


ways = pytest.mark.parametrize("through", [False, True], ids=["straight", "tunnel"])


@both_loops
@ways
async def test_posts_share_connections(serve, trusted, through):
    options, trust = trusted
    url = await serve(answering, **options)
    way = await tunnelled(serve, through)

    async with exchanging(url, concurrency=3, **trust, **way) as exchange:
        for _ in range(5):
            posts = (exchange.post(b"", b"{}") for _ in range(6))
            assert {reply.body for reply in await asyncio.gather(*posts)} == {b"ok"}
        assert len(exchange._open) == 3


@both_loops
async def test_a_server_that_nobody_vouches_for_gets_nothing(serve, trusted):
    told = []

    async def talk(reader, _):
        told.append(await reader.read(1))

    async with exchanging(await serve(talk, **trusted[0])) as exchange:
        with pytest.raises(aiohttp.ClientConnectorCertificateError) as error:
            await exchange.post(b"", b"{}")

    assert error.value.certificate_error.verify_message == "unable to get local issuer certificate"
    assert not told


async def whole(reader, writer):
    await answering(reader, writer)


async def more_than_the_answer(reader, writer):
    await asked(reader)
    writer.write(2 * CREATED)
    await reader.read()


async def until_the_end(reader, writer):
    await asked(reader)
    writer.write(HEAD + b"\r\nok")


async def half_a_head(reader, writer):
    await asked(reader)
    writer.write(HEAD)


async def half_a_body(reader, writer):
    await asked(reader)
    writer.write(CREATED[:-1])


async def chunks_cut(reader, writer):
    await asked(reader)
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")


async def reset(reader, writer):
    await asked(reader)
    writer.transport.abort()


async def unread(reader, writer):
    await reader.read(1)


TALKS = [whole, more_than_the_answer, until_the_end, half_a_head, half_a_body, chunks_cut, reset,
         unread]  # fmt: skip


async def outcome(sending):
    try:
        return await asyncio.wait_for(sending, 10)
    except (aiohttp.ClientError, OSError) as error:
        return type(error).__name__ if isinstance(error, asyncio.TimeoutError) else "fault"


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")  # 3.10, the session's
@both_loops
@ways
@pytest.mark.parametrize("talk", TALKS)
async def test_an_end_over_tls_is_what_it_is_to_a_session(serve, trusted, through, talk):
    options, trust = trusted
    url = await serve(talk, **options)
    way = await tunnelled(serve, through)

    async def by_the_session():
        settings = AvstarSettings(api_url=url, **trust, **way)
        async with (
            new_session(settings) as session,
            session.post(f"{url}/ingest", data=b"{}") as response,
        ):
            return response.status, await response.read()

    async def by_an_exchange(exchange):
        reply = await exchange.post(b"", b"{}")
        return reply.status, reply.body

    theirs = await outcome(by_the_session())
    async with exchanging(url, **trust, **way) as exchange:
        for _ in range(3):
            assert await outcome(by_an_exchange(exchange)) == theirs
        assert len(exchange._open) == (talk is whole)
    gc.collect()  # within the filter


@both_loops
@pytest.mark.parametrize("head", [HEAD + b"\r\no", HEAD + b"Content-Length: 2\r\n\r\no", b""])
async def test_a_cable_that_is_cut_says_no_good_bye_and_ends_the_answer_all_the_same(
    serve, trusted, head
):
    options, trust = trusted
    cut = asyncio.Event()

    async def talk(reader, writer):
        await asked(reader)
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(0.02)
        cut.set()
        await asyncio.Event().wait()

    url = await serve(talk, **options)

    async def relay(reader, writer):
        await relayed(reader, writer, int(url.rpartition(":")[2]), cut)

    cable = (await serve(relay)).replace("http:", "https:")
    async with exchanging(cable, **trust) as exchange:
        found = await outcome(exchange.post(b"", b"{}"))

        assert found == "fault" or (found.body == b"o" and b"Length" not in head)
        assert not exchange._open


@both_loops
@ways
async def test_hundreds_of_ends_leave_no_descriptor_no_task_and_no_wire(
    serve, trusted, through, monkeypatch
):
    options, trust = trusted
    wires, number = [], 0

    class Watched(module.Wire):
        def __init__(self, connection):
            super().__init__(connection)
            wires.append(weakref.ref(self))

    async def talk(reader, writer):
        nonlocal number
        number += 1
        await [*TALKS, silent][number % (len(TALKS) + 1)](reader, writer)

    monkeypatch.setattr(module, "Wire", Watched)
    url = await serve(talk, **options)
    way = await tunnelled(serve, through)
    gc.collect()
    before, tasks = descriptors(), len(asyncio.all_tasks())
    gc.disable()
    try:
        async with exchanging(url, request_timeout=0.5, **trust, **way) as exchange:

            async def work():
                for _ in range(15):
                    with suppress(*FAULTS):
                        await exchange.post(b"", b"{}")

            await asyncio.gather(*(work() for _ in range(10)))
        for _ in range(5):
            await asyncio.sleep(0)
        left = [wire for wire in wires if wire()]
    finally:
        gc.enable()
    gc.collect()  # what was not closed would warn now, and warnings are errors
    assert await left_of(before, tasks) == 0
    assert len(wires) > 20
    assert not left


@both_loops
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_post_that_is_cancelled_at_any_turn_gives_all_back(serve, trusted, scheme):
    options, trust = trusted if scheme == "https" else ({}, {})
    url = await serve(answering, **options)
    done = False
    async with exchanging(url, concurrency=1, **trust) as exchange:
        turns = 0
        while not done:
            posts = [asyncio.ensure_future(exchange.post(b"", b"{}")) for _ in range(2)]
            for _ in range(turns):
                await asyncio.sleep(0)
            turns += 1
            done = posts[1].done()
            for one in posts:
                one.cancel()
            await asyncio.gather(*posts, return_exceptions=True)

            assert (exchange._places, exchange._waiting) == (1, 0)
            assert len(exchange._open) == len(exchange._idle) <= 1
            assert len(exchange._connector._acquired) == len(exchange._open)
            for wire in tuple(exchange._open) * (turns % 2):
                exchange._idle.clear()
                exchange._drop(wire)
    assert turns > 3
