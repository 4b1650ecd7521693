"""One attempt against real servers, well-behaved and otherwise."""

import asyncio
import json

import pytest
from aiohttp import web

from connectors.avstar.answer import Answer


async def test_a_spot_is_posted_as_it_stands(serve, client, spot):
    seen = []

    async def handler(request):
        seen.append((request.path, dict(request.headers), await request.json()))
        return web.Response(status=201)

    answer = await (await client(await serve(handler))).attempt([spot], "s3cret")

    assert answer == Answer(201, "")
    ((path, headers, body),) = seen
    assert path == "/ingest"
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["X-Request-ID"] == spot.request_id
    assert headers["Content-Type"] == "application/json"
    assert headers["traceparent"].split("-")[1] == spot.request_id
    assert body["advertiser"] == "Müller & Söhne"


async def test_a_problem_is_read(serve, client, spot):
    async def handler(_):
        return web.json_response(
            {"type": "urn:x:bad", "title": "Bad", "detail": "duration"},
            status=422,
            content_type="application/problem+json",
        )

    answer = await (await client(await serve(handler))).attempt([spot], "t")

    assert answer == Answer(422, "Bad: duration", None, "urn:x:bad")


async def test_retry_after_is_read(serve, client, spot):
    async def handler(_):
        return web.Response(status=429, headers={"Retry-After": "17"})

    assert (await (await client(await serve(handler))).attempt([spot], "t")).retry_after == 17


async def test_a_redirect_is_an_answer_and_not_followed(serve, client, spot):
    requests = []

    async def handler(request):
        requests.append(request.path)
        raise web.HTTPTemporaryRedirect("/ingest")

    assert (await (await client(await serve(handler))).attempt([spot], "t")).status == 307
    assert requests == ["/ingest"]


async def test_cookies_are_not_kept(serve, client, spot):
    cookies = []

    async def handler(request):
        cookies.append(dict(request.cookies))
        response = web.Response(status=201)
        response.set_cookie("session", "1")
        return response

    one = await client(await serve(handler))
    await one.attempt([spot], "t")
    await one.attempt([spot], "t")

    assert cookies == [{}, {}]


async def test_an_endless_body_is_not_read_to_its_end(serve_raw, client, spot):
    sent = 0

    async def talk(_, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()
            sent += 0x10000

    answer = await (await client(await serve_raw(talk))).attempt([spot], "t")

    assert answer.status == 500
    assert answer.detail.startswith("xxx")
    assert sent < 32 << 20


async def test_a_body_that_comes_in_pieces_is_read_whole(serve_raw, client, spot):
    problem = json.dumps({"type": "urn:x:request-id-reused", "detail": "other spot"}).encode()

    async def talk(_, writer):
        head = "HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\nContent-Length: "
        writer.write(f"{head}{len(problem)}\r\n\r\n".encode())
        for piece in (problem[:20], problem[20:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    answer = await (await client(await serve_raw(talk))).attempt([spot], "t")

    assert answer == Answer(422, "other spot", None, "urn:x:request-id-reused")


async def test_many_requests_in_a_row_need_one_connection(serve, client, spot):
    peers = set()

    async def handler(request):
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response({"status": "scheduled"}, status=201)

    one = await client(await serve(handler))
    for _ in range(50):
        assert (await one.attempt([spot], "t")).status == 201

    assert len(peers) == 1


async def test_a_chunked_answer_keeps_its_connection(serve, client, spot):
    peers = set()

    async def handler(request):
        peers.add(request.transport.get_extra_info("peername"))
        response = web.StreamResponse(status=201)
        response.enable_chunked_encoding()
        await response.prepare(request)
        for piece in (b'{"status":', b'"scheduled"}'):
            await response.write(piece)
            await asyncio.sleep(0.002)
        return response

    one = await client(await serve(handler))
    for _ in range(10):
        assert await one.attempt([spot], "t") == Answer(201, "")

    assert len(peers) == 1


async def test_the_pool_is_bounded(serve, client, spot):
    under_way, peers = [0], set()
    most = 0

    async def handler(request):
        nonlocal most
        peers.add(request.transport.get_extra_info("peername"))
        under_way[0] += 1
        most = max(most, under_way[0])
        await asyncio.sleep(0.005)
        under_way[0] -= 1
        return web.Response(status=201)

    one = await client(await serve(handler), concurrency=3)
    answers = await asyncio.gather(*(one.attempt([spot], "t") for _ in range(30)))

    assert {answer.status for answer in answers} == {201}
    assert most <= 3
    assert len(peers) == 3


async def test_a_reset_is_an_answer_without_a_status(serve_raw, client, spot):
    async def talk(_, writer):
        writer.transport.abort()

    answer = await (await client(await serve_raw(talk))).attempt([spot], "t")

    assert answer.status is None
    assert answer.detail.startswith("connection failed: ")


async def test_what_is_quoted_of_no_http_is_one_line_without_the_token(serve_raw, client, spot):
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 201 Created\r\nAuthorization Bearer s3cret-token\r\n\r\n")
        await writer.drain()

    answer = await (await client(await serve_raw(talk))).attempt([spot], "s3cret-token")

    assert answer.detail.startswith("connection failed: ")
    assert "s3cret" not in answer.detail
    assert "\n" not in answer.detail


async def test_an_answer_cut_off_in_its_body_is_none(serve_raw, client, spot):
    async def talk(_, writer):
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nten bytes.")
        await writer.drain()

    answer = await (await client(await serve_raw(talk))).attempt([spot], "t")

    assert answer.status in {None, 201}


@pytest.mark.parametrize(
    "words", [b"", b"\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 5000,
              b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"],
)  # fmt: skip
async def test_what_is_no_http_is_an_answer_without_a_status(serve_raw, client, spot, words):
    async def talk(_, writer):
        writer.write(words)
        await writer.drain()

    answer = await (await client(await serve_raw(talk))).attempt([spot], "t")

    assert answer.status is None
    assert answer.detail.startswith("connection failed: ")


async def test_a_body_that_cannot_be_unpacked_is_an_answer_without_a_status(
    serve_raw, client, spot
):
    async def talk(_, writer):
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"
        )
        await writer.drain()

    assert (await (await client(await serve_raw(talk))).attempt([spot], "t")).status is None


async def test_an_answer_that_takes_too_long_is_given_up(serve, client, spot):
    async def handler(_):
        await asyncio.sleep(60)

    one = await client(await serve(handler), request_timeout=0.05)
    answer = await one.attempt([spot], "t")

    assert answer.status is None
    assert answer.detail.startswith("no answer in time: ")


async def test_a_body_that_never_ends_is_given_up_in_time(serve_raw, client, spot):
    async def talk(reader, writer):
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n")
        await reader.read()

    one = await client(await serve_raw(talk), request_timeout=0.05)

    assert (await one.attempt([spot], "t")).detail.startswith("no answer in time: ")


async def test_a_refused_connection_is_an_answer(client, spot):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    answer = await (await client(f"http://127.0.0.1:{port}")).attempt([spot], "t")

    assert answer.status is None
    assert not answer.misconfigured
    assert str(port) in answer.detail


async def test_no_answer_holds_the_token(serve_raw, client, spot):
    async def talk(_, writer):
        writer.transport.abort()

    one = await client(await serve_raw(talk))

    assert "s3cret" not in repr(await one.attempt([spot], "s3cret"))
    assert "s3cret" not in repr(vars(one))


async def test_a_client_must_be_open_and_opens_again(serve, client, spot):
    async def handler(_):
        return web.Response(status=201)

    one = await client(await serve(handler))
    await one.open()
    await one.close()
    await one.close()
    with pytest.raises(RuntimeError, match="not open"):
        await one.attempt([spot], "t")
    await one.open()

    assert (await one.attempt([spot], "t")).status == 201
