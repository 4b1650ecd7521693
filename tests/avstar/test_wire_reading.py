"""Answers as a wire reads them, held to what aiohttp's own reader makes of them."""

import asyncio
import gzip
import zlib
from itertools import pairwise

from hypothesis import event, given
from hypothesis import strategies as st

from tests.avstar.fed import by_a_wire, by_aiohttp

NAMES = st.sampled_from([b"Retry-After", b"X-A", b"x-a", b"Date", b"Content-Type", b"RateLimit"])
VALUES = st.lists(
    st.sampled_from([b"1", b"a b", b"\t", b"  ", b"\xe4\xff", "ü".encode(), b",", b'"q"', b":"]),
    max_size=4,
).map(b"".join)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)
CONNECTIONS = st.sampled_from(
    [None, None, b"close", b"keep-alive", b"Keep-Alive, Upgrade", b"upgrade", b"x"]
)
STATUSES = st.sampled_from([200, 201, 204, 304, 307, 400, 409, 429, 503, 226, 299, 999])
PACKINGS = {
    None: bytes,
    b"identity": bytes,
    b"utf-8": bytes,
    b"gzip": gzip.compress,
    b"GZip": gzip.compress,
    b"deflate": zlib.compress,
    b"Deflate": lambda body: zlib.compress(body)[2:-4],  # as some take it to be
}


def fields(*pairs):
    return b"".join(b"%s: %s\r\n" % pair for pair in pairs)


@st.composite
def informational(draw):
    status = draw(st.sampled_from([100, 102, 103, 199]))
    return b"HTTP/1.1 %d Wait\r\n%s\r\n" % (status, fields(*draw(HEADERS)))


@st.composite
def chunked(draw, body):
    size = draw(st.integers(1, max(len(body), 1)))
    extension = draw(st.sampled_from([b"", b";a=b", b' ;a="b"', b";" + b"x" * 50]))
    parts = [body[at : at + size] for at in range(0, len(body), size)] + [b""]
    lines = [b"%x%s\r\n%s" % (len(part), extension, part + b"\r\n" * bool(part)) for part in parts]
    return b"".join(lines) + fields(*draw(HEADERS)) + b"\r\n"


@st.composite
def answers(draw):
    body = draw(st.sampled_from([b"", b"ok", b'{"title": "no"}', b"\r\n\r\n", b"x" * 300]))
    packing = draw(st.sampled_from(list(PACKINGS)))
    headers = draw(HEADERS)
    if packing:
        body = PACKINGS[packing](body)
        headers.append((b"Content-Encoding", packing))
    if connection := draw(CONNECTIONS):
        headers.append((b"Connection", connection))
        headers += [(b"Upgrade", b"h2c")] * draw(st.booleans())
    framing = draw(st.sampled_from(["length", "length", "chunked", "end", "identity"]))
    if framing == "length":
        headers.append((b"content-length", b"%d" % len(body)))
    elif framing == "chunked":
        headers.append((b"Transfer-Encoding", b"chunked"))
        body = draw(chunked(body))
    elif framing == "identity":
        headers.append((b"Transfer-Encoding", b"identity"))
    version, status = draw(st.sampled_from([b"1.1", b"1.1", b"1.0"])), draw(STATUSES)
    if status in {204, 304}:
        body = b""
    before = b"".join(draw(st.lists(informational(), max_size=2)))
    draw(st.permutations(headers))
    return before + b"HTTP/%s %03d X\r\n%s\r\n%s" % (version, status, fields(*headers), body)


def cut(data, places):
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


PLACES = st.one_of(st.lists(st.integers(0, 10_000), max_size=8), st.just(range(10_000)))


@given(answers(), PLACES, st.booleans())
def test_an_answer_is_what_aiohttp_would_read_however_it_comes(answer, places, end):
    pieces = cut(answer, places)

    async def read():
        return await by_a_wire(pieces, end=end), await by_aiohttp(pieces, end=end)

    ours, theirs = asyncio.run(read())

    event(f"{theirs.status is not None} {theirs.kept}")
    assert ours == theirs


DAMAGES = st.tuples(
    st.integers(0, 10_000), st.integers(0, 2), st.one_of(st.binary(max_size=3), st.just(b"\r\n"))
)


@given(answers(), DAMAGES, PLACES, st.booleans())
def test_a_damaged_answer_is_never_more_than_aiohttp_would_read(answer, damage, places, end):
    place, dropped, added = damage
    place %= len(answer) + 1
    pieces = cut(answer[:place] + added + answer[place + dropped :], places)

    async def read():
        return await by_a_wire(pieces, end=end), await by_aiohttp(pieces, end=end)

    ours, theirs = asyncio.run(read())

    event(f"{ours.status is not None} {theirs.status is not None} {ours.kept} {theirs.kept}")
    if theirs.status is not None:
        assert ours[:3] == theirs[:3]
        assert ours.kept <= theirs.kept


SCRAPS = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [b"HTTP/1.1 200 X\r\n", b"HTTP/1.1 100 X\r\n\r\n", b"HTTP/1.1 101 X\r\n", b"\r\n",
             b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n", b"0\r\n",
             b"Upgrade: x\r\nConnection: upgrade\r\n", b"Content-Encoding: gzip\r\n", b": "]
        ),
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(SCRAPS, PLACES, st.booleans())
def test_whatever_comes_ends_with_the_connection_and_is_kept_only_if_it_is_an_answer(
    scraps, places, end
):
    pieces = cut(scraps, places)

    async def read():
        return await by_a_wire(pieces, end=end, limit=10), await by_aiohttp(pieces, end=end)

    ours, theirs = asyncio.run(read())

    event(f"{ours.status is not None} {theirs.status is not None} {ours.kept} {theirs.kept}")
    assert ours.status is not None or not ours.kept
    assert ours.status is None or b"HTTP/" in scraps
    if theirs.status is not None:
        assert ours.status in {theirs.status, None}
