"""Servers that hang, each in a way of its own: the attempt is over when its time is over."""

import asyncio
import socket
from contextlib import ExitStack, suppress

import pytest

from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.proxy import Proxy

CONNECT, REQUEST = 0.2, 0.4
PATIENCE = 30
"""For the test itself; aiohttp's own patience would be 300 s."""

HEAD = b"HTTP/1.1 201 Created\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def attempt(client, spot):
    """Make one attempt at a URL that hangs, and hand over what it says."""

    async def attempt(url, *, connect_timeout=CONNECT, request_timeout=REQUEST, **settings):
        one = await client(
            url, connect_timeout=connect_timeout, request_timeout=request_timeout, **settings
        )
        answer = await asyncio.wait_for(one.attempt([spot], "t"), PATIENCE)
        assert judge(answer, proven=False) is Verdict.TRANSIENT
        return answer.detail

    return attempt


async def silence(reader, _):
    await reader.read()


async def dribble_of_a_body(_, writer):
    writer.write(HEAD + b"Content-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def dribble_of_chunks(_, writer):
    writer.write(CHUNKED)
    while True:
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def dribble_of_headers(_, writer):
    writer.write(HEAD)
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless_informational_answers(_, writer):
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def half_a_head_and_silence(reader, writer):
    writer.write(HEAD[:-1])
    await reader.read()


async def half_a_body_and_silence(reader, writer):
    writer.write(HEAD + b"Content-Length: 100\r\n\r\nten bytes.")
    await reader.read()


async def half_a_chunk_and_silence(reader, writer):
    writer.write(CHUNKED + b"64\r\nten bytes.")
    await reader.read()


@pytest.mark.parametrize(
    "talk",
    [silence, dribble_of_a_body, dribble_of_chunks, dribble_of_headers,
     endless_informational_answers, half_a_head_and_silence, half_a_body_and_silence,
     half_a_chunk_and_silence],
)  # fmt: skip
async def test_whatever_hangs_is_given_up_in_time(serve_raw, attempt, talk):
    assert (await attempt(await serve_raw(talk))).startswith("no answer in time: ")


async def test_a_chunk_that_is_none_is_no_answer_in_time(serve_raw, attempt):
    async def talk(reader, writer):
        writer.write(CHUNKED + b"lskdu018973t09sylgasjkfg1][]'./.sdlv")
        await reader.read()

    await attempt(await serve_raw(talk))


async def test_headers_without_end_are_not_collected(serve_raw, attempt):
    sent = 0

    async def talk(_, writer):
        nonlocal sent
        writer.write(HEAD)
        while True:
            writer.write(b"X-Header: and another one\r\n" * 1000)
            await writer.drain()
            sent += 1

    await attempt(await serve_raw(talk))
    assert sent < 2000, "54 MB"


async def test_a_late_answer_within_the_time_counts(serve_raw, client, spot):
    async def talk(_, writer):
        await asyncio.sleep(REQUEST / 2)
        writer.write(HEAD + b"Content-Length: 0\r\n\r\n")
        await writer.drain()

    one = await client(await serve_raw(talk), connect_timeout=0.1, request_timeout=10)

    assert (await one.attempt([spot], "t")).status == 201


@pytest.fixture
def black_hole():
    """Open a port whose queue is full, so that the system drops whoever knocks."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        for _ in range(10):
            knocking = stack.enter_context(socket.socket())
            knocking.settimeout(0.1)
            with suppress(TimeoutError):
                knocking.connect(address)
                continue
            yield f"http://127.0.0.1:{address[1]}"
            break
        else:
            pytest.fail("the queue of the port is never full")


async def test_a_host_that_swallows_connections_is_given_up_after_the_time_to_connect(
    black_hole, attempt
):
    said = await attempt(black_hole, request_timeout=PATIENCE)

    assert said == f"no answer in time: Connection timeout to host {black_hole}/ingest"


async def test_the_whole_attempt_counts_where_it_is_shorter_than_the_time_to_connect(
    black_hole, attempt
):
    assert "no answer in time" in await attempt(black_hole, connect_timeout=PATIENCE)


async def test_a_tls_handshake_that_never_ends_is_given_up_after_the_time_to_connect(
    serve_raw, attempt
):
    url = (await serve_raw(silence)).replace("http:", "https:")

    assert "Connection timeout" in await attempt(url, request_timeout=PATIENCE)


async def test_a_proxy_that_opens_no_tunnel_is_given_up_after_the_time_to_connect(
    serve_raw, attempt
):
    proxy = Proxy(await serve_raw(silence))

    said = await attempt("https://avstar.example", request_timeout=PATIENCE, proxy=proxy)

    assert "Connection timeout" in said


async def test_a_wait_for_a_place_in_the_pool_ends_after_the_time_to_connect(
    serve_raw, client, spot
):
    one = await client(
        await serve_raw(silence), concurrency=1, connect_timeout=CONNECT, request_timeout=PATIENCE
    )
    first = asyncio.create_task(one.attempt([spot], "t"))
    await asyncio.sleep(0)

    second = await asyncio.wait_for(one.attempt([spot], "t"), PATIENCE)

    assert second.detail.startswith("no answer in time: Connection timeout")
    assert not first.done()
    first.cancel()
