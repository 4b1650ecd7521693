"""Servers that send without end: an answer is bounded in bytes, whatever it is made of."""

import asyncio
import gzip
import zlib
from contextlib import suppress

import aiohttp
import pytest

from connectors.avstar.reply import BODY_LIMIT
from tests.avstar.fed import by_a_wire
from tests.avstar.talks import CREATED, asked, both_loops, exchanging

HEAD = b"HTTP/1.1 201 Created\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

ENDLESS = {
    "headers": (HEAD, b"X-A: and another one\r\n" * 50),
    "one header": (HEAD + b"X-A: ", b"x" * 1000),
    "one name": (HEAD, b"x" * 1000),
    "reason": (b"HTTP/1.1 201 ", b"x" * 1000),
    "line breaks": (b"", b"\r\n" * 500),
    "informational": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 30),
    "informational with bodies": (
        b"",
        b"HTTP/1.1 199 X\r\nContent-Length: 900\r\n\r\n" + b"x" * 900,
    ),
    "informational body": (b"HTTP/1.1 199 X\r\nContent-Length: 99999999\r\n\r\n", b"x" * 1000),
    "informational end": (b"HTTP/1.1 199 X\r\nTransfer-Encoding: x\r\n\r\n", b"x" * 1000),
    "extension": (CHUNKED + b"1;", b"x" * 1000),
    "small chunks": (CHUNKED, b"1;" + b"x" * 900 + b"\r\nx\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"X-A: and another one\r\n" * 50),
    "one trailer": (CHUNKED + b"0\r\nX-A: ", b"x" * 1000),
}


@both_loops
@pytest.mark.parametrize("what", list(ENDLESS))
async def test_what_has_no_end_is_given_up_before_the_time_is_over(serve, what):
    first, then = ENDLESS[what]
    sent = 0

    async def talk(reader, writer):
        nonlocal sent
        await asked(reader)
        writer.write(first)
        while True:
            writer.write(then)
            await writer.drain()
            sent += len(then)

    async with exchanging(await serve(talk), request_timeout=60) as exchange:
        with pytest.raises(aiohttp.ClientPayloadError):
            await exchange.post(b"", b"{}")

    assert sent < 16 << 20, "what both systems hold ready"


@both_loops
@pytest.mark.parametrize(
    "first", [CHUNKED, HEAD + b"\r\n", HEAD + b"Content-Length: 9999999\r\n\r\n"]
)
async def test_a_body_without_end_is_cut_and_costs_the_connection(serve, first):
    async def talk(reader, writer):
        await asked(reader)
        writer.write(first)
        while True:
            writer.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
            await writer.drain()

    async with exchanging(await serve(talk)) as exchange:
        reply = await exchange.post(b"", b"{}")

        assert reply.status == 201
        assert BODY_LIMIT < len(reply.body) < BODY_LIMIT + (1 << 20)
        assert not exchange._open


def read(answer, limit=BODY_LIMIT, size=1000):
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    return asyncio.run(by_a_wire(pieces, limit=limit))


def packed(body, coding):
    return HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        coding,
        len(body),
        body,
    )


def test_what_unpacks_to_more_than_is_of_use_is_cut():
    zeros = bytes(50 << 20)

    assert len(zeros) > 1000 * len(gzip.compress(zeros))
    for one in (packed(gzip.compress(zeros), b"gzip"), packed(zlib.compress(zeros), b"deflate")):
        found = read(one)
        assert (found.status, found.body) == (201, bytes(BODY_LIMIT))


def test_what_was_cut_before_it_was_packed_is_read_so_far():
    body = b"".join(b"%d," % number for number in range(1000))
    found = read(packed(gzip.compress(body)[:-500], b"gzip"))

    assert found.status == 201
    assert 0 < len(found.body) < len(body)
    assert body.startswith(found.body)


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"BR"])
def test_of_a_packing_that_nobody_here_unpacks_the_status_is_enough(coding):
    found = read(packed(b"ok", coding))

    assert (found.status, found.body) == (201, b"ok")


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_limits_count_the_same_however_small_the_pieces(size):
    head = HEAD + b"X: " + b"x" * 60_000 + b"\r\n"

    for length in (0, 9000):
        answer = head + b"Y: " + b"y" * length + b"\r\nContent-Length: 2\r\n\r\nok"
        assert (read(answer, size=size).status == 201) == (length == 0)


@pytest.mark.parametrize("records", [1, 1000])
def test_an_answer_as_long_as_it_may_be_is_read(records):
    limit = BODY_LIMIT + records * 2048
    found = read(HEAD + b"Content-Length: %d\r\n\r\n" % limit + b"x" * limit, limit)

    assert found.kept
    assert len(found.body) == limit


@both_loops
async def test_a_large_answer_in_many_chunks_is_read_on_a_connection_that_is_kept(serve):
    async def talk(reader, writer):
        with suppress(asyncio.IncompleteReadError):
            while True:
                await asked(reader)
                writer.write(CHUNKED + b"2\r\nok\r\n" * 20_000 + b"0\r\nX-A: b\r\n\r\n")
                await asked(reader)
                writer.write(CREATED)

    async with exchanging(await serve(talk)) as exchange:
        for _ in range(5):
            assert (await exchange.post(b"", b"{}")).body == b"ok" * 20_000
            assert (await exchange.post(b"", b"{}")).body == b"ok"
            assert len(exchange._open) == 1
