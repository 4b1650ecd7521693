"""What becomes of an exchange's connections, however posts end; on both event loops."""

import asyncio
import gc
import weakref
from collections import Counter
from contextlib import suppress
from itertools import count, cycle

import aiohttp
import pytest

from connectors.avstar import exchange as module
from connectors.avstar.client import Client
from connectors.avstar.settings import AvstarSettings
from tests.avstar.conftest import new_spot
from tests.avstar.talks import (
    CREATED,
    FAULTS,
    answering,
    asked,
    both_loops,
    descriptors,
    exchanging,
    left_of,
    silent,
)


def open_ones(exchange):
    return len(exchange._connector._acquired)


@both_loops
async def test_who_posts_in_a_row_lets_others_have_their_turn(serve):
    posts = Counter()

    async with exchanging(await serve(answering), concurrency=1) as exchange:

        async def work(name):
            while sum(posts.values()) < 100:
                await exchange.post(b"", b"{}")
                posts[name] += 1

        await asyncio.gather(*(work(name) for name in range(4)))

    assert min(posts.values()) >= 20


@both_loops
async def test_a_wait_for_a_place_is_no_longer_than_the_request_may_take(serve):
    url = await serve(silent)
    async with exchanging(url, concurrency=1, request_timeout=0.2, connect_timeout=60) as exchange:
        posts = [asyncio.ensure_future(exchange.post(b"", b"{}")) for _ in range(3)]
        done, late = await asyncio.wait(posts, timeout=20)

        assert not late
        assert all(isinstance(one.exception(), asyncio.TimeoutError) for one in done)


@both_loops
async def test_a_post_that_waits_for_a_place_can_be_cancelled(serve):
    async with exchanging(await serve(silent), concurrency=1) as exchange:
        first, second = (asyncio.ensure_future(exchange.post(b"", b"{}")) for _ in range(2))
        await asyncio.sleep(0.05)
        second.cancel()
        first.cancel()
        await asyncio.wait([first, second])

        assert first.cancelled()
        assert second.cancelled()
        assert (exchange._places, exchange._waiting) == (1, 0)


async def closing_when_idle(reader, writer):
    await asked(reader)
    writer.write(CREATED)


async def resetting_when_idle(reader, writer):
    await asked(reader)
    writer.write(CREATED)
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


async def talking_when_idle(reader, writer):
    await asked(reader)
    writer.write(CREATED)
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    await reader.read()


@both_loops
@pytest.mark.parametrize("talk", [closing_when_idle, resetting_when_idle, talking_when_idle])
async def test_what_ends_while_it_is_idle_is_given_back_at_once(serve, talk):
    async with exchanging(await serve(talk), concurrency=1) as exchange:
        for _ in range(3):
            assert (await exchange.post(b"", b"{}")).status == 201
            while open_ones(exchange):
                await asyncio.sleep(0.01)


@both_loops
async def test_an_idle_connection_is_closed_after_its_time(serve, monkeypatch):
    monkeypatch.setattr(module, "_KEEPALIVE_SECONDS", 0.05)
    async with exchanging(await serve(answering)) as exchange:
        for _ in range(2):
            await asyncio.gather(*(exchange.post(b"", b"{}") for _ in range(5)))
            assert open_ones(exchange) == 5
            while open_ones(exchange):
                await asyncio.sleep(0.01)
        assert exchange._sweeping is None


# Each leaves a connection in a state of its own, when the request has come or before.


async def whole(reader, writer):
    await asked(reader)
    writer.write(CREATED)
    await asked(reader)


async def closed_unread(reader, writer):
    await reader.read(1)


async def reset_unread(reader, writer):
    await reader.read(1)
    writer.transport.abort()


async def reset_at_once(reader, writer):
    writer.transport.abort()


async def half_a_head(reader, writer):
    await asked(reader)
    writer.write(CREATED[:20])


async def half_a_body(reader, writer):
    await asked(reader)
    writer.write(CREATED[:-1])
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.transport.abort()


async def half_closed(reader, writer):
    await asked(reader)
    writer.write(b"HTTP/1.1 201 Created\r\n\r\n")
    writer.write_eof()
    await reader.read()


async def more_than_the_answer(reader, writer):
    await asked(reader)
    writer.write(2 * CREATED)
    await reader.read()


async def no_http(reader, writer):
    writer.write(b"\0" * 100)
    await reader.read()


async def late(reader, writer):
    await reader.read(1)
    await asyncio.sleep(0.15)


ENDS = [whole, closed_unread, reset_unread, reset_at_once, half_a_head, half_a_body, half_closed,
        more_than_the_answer, no_http]  # fmt: skip


@both_loops
async def test_an_hours_ends_leave_no_descriptor_and_no_task_behind(serve):
    ends, numbered, numbers = cycle(ENDS), count(1), iter(range(2000))

    async def talk(reader, writer):
        await (late if next(numbered) % 100 == 0 else next(ends))(reader, writer)

    url = await serve(talk)
    gc.collect()
    before, tasks = descriptors(), len(asyncio.all_tasks())
    outcomes = Counter()

    async def work(exchange):
        for number in numbers:
            post = exchange.post(b"", b"{}")
            try:
                if number % 50:
                    reply = await post
                    outcomes[reply.status] += 1
                else:
                    await asyncio.wait_for(post, 0.001)
            except FAULTS as fault:
                outcomes[type(fault).__name__] += 1

    async with exchanging(url, request_timeout=0.1) as exchange:
        await asyncio.gather(*(work(exchange) for _ in range(20)))
        assert open_ones(exchange) <= 20
    gc.collect()  # what was not closed would warn now, and warnings are errors
    while len(asyncio.all_tasks()) > tasks:
        await asyncio.sleep(0.01)

    assert outcomes[201] > 200
    assert outcomes.keys() >= {"TimeoutError", "ServerDisconnectedError"}
    assert await left_of(before) == 0


@both_loops
@pytest.mark.parametrize("talk", [*ENDS, late])
async def test_a_wire_goes_without_the_collector(serve, talk, monkeypatch):
    wires = []

    class Watched(module.Wire):
        def __init__(self, connection):
            super().__init__(connection)
            wires.append(weakref.ref(self))

    monkeypatch.setattr(module, "Wire", Watched)
    async with exchanging(await serve(talk), request_timeout=0.1) as exchange:
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                with suppress(*FAULTS):
                    await exchange.post(b"", b"{}")
            exchange.close()
            for _ in range(5):
                await asyncio.sleep(0)
            assert wires
            assert not [wire for wire in wires if wire()]
        finally:
            gc.enable()


@both_loops
@pytest.mark.parametrize("size", [2, 32 << 20], ids=["sent", "half sent"])
async def test_a_client_that_closes_waits_for_no_post_and_leaves_nothing(serve, size):
    url = await serve(silent)
    gc.collect()
    before = descriptors()
    client = Client(AvstarSettings(api_url=url, concurrency=2))
    await client.open()
    exchange = client._exchange
    posts = [asyncio.ensure_future(exchange.post(b"", b"x" * size)) for _ in range(4)]
    while len(exchange._open) < 2:
        await asyncio.sleep(0)

    await asyncio.wait_for(client.close(), 10)
    done, late = await asyncio.wait(posts, timeout=10)

    assert not late
    assert all(isinstance(one.exception(), aiohttp.ClientError) for one in done)
    gc.collect()
    assert descriptors() - before <= 2, "the server's own ends"


@both_loops
async def test_a_client_that_closed_keeps_no_connection_of_a_post_that_ends_now(serve):
    client = Client(AvstarSettings(api_url=await serve(answering)))
    await client.open()
    exchange = client._exchange
    post = asyncio.ensure_future(client.attempt([new_spot()], "t"))
    while not exchange._open:
        await asyncio.sleep(0)
    exchange.close()
    await asyncio.wait([post])
    await client.close()

    assert not exchange._idle
    assert not exchange._sweeping


@both_loops
async def test_who_answers_and_closes_while_we_still_send_is_heard(serve):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\n\r\ntoo large")
        writer.write_eof()
        await asyncio.Event().wait()

    async with exchanging(await serve(talk), request_timeout=20) as exchange:
        reply = await exchange.post(b"", b"x" * (32 << 20))

    assert (reply.status, reply.body) == (413, b"too large")


@both_loops
async def test_an_answer_that_ends_with_the_connection_is_one_though_that_is_reset(serve):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n")
        writer.write(b"HTTP/1.0 407 Who are you\r\n\r\nwho?")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.transport.abort()

    async with exchanging(await serve(talk)) as exchange:
        reply = await exchange.post(b"", b"{}")

    assert (reply.status, reply.body) == (407, b"who?")


@both_loops
async def test_an_error_that_nobody_waits_for_any_more_is_not_told(serve):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with exchanging(await serve(silent)) as exchange:
        post = asyncio.ensure_future(exchange.post(b"", b"{}"))
        while not exchange._open:
            await asyncio.sleep(0)
        (wire,) = exchange._open
        wire._fail(aiohttp.ClientPayloadError("gone"))
        post.cancel()
        await asyncio.wait([post])
    gc.collect()

    assert not told
