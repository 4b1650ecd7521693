"""An HTTP response as it came."""

import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import aiohttp
from multidict import CIMultiDict

BODY_LIMIT = 64 << 10
"""Bytes of an answer that are waited for; a longer one costs its connection, not our memory."""

_GZIP_OR_ZLIB, _BARE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS

_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
"""What servers pack with unasked. Of another packing the status says enough."""


class Reply(NamedTuple):
    """An HTTP response as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_headers(fields: Iterable[tuple[bytes, bytes]]) -> CIMultiDict[str]:
    """Return headers that are found however their names are spelt."""
    text = [
        (name.decode("latin-1"), value.rstrip(b" \t").decode("utf-8", "surrogateescape"))
        for name, value in fields
    ]
    return CIMultiDict(text)


def unpacked(body: bytes, coding: str, limit: int) -> bytes:
    """Return a body as it was before a server packed it that was not asked to.

    Raises:
        ValueError: It cannot be unpacked.
    """
    coding = coding.lower()
    if coding not in _PACKED or not body:
        return body
    bare = coding == "deflate" and body[0] & 0xF != zlib.DEFLATED  # as some take it to be
    try:
        return zlib.decompressobj(_BARE if bare else _GZIP_OR_ZLIB).decompress(body, limit)
    except zlib.error as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error


async def read_body(content: aiohttp.StreamReader, limit: int = BODY_LIMIT) -> bytes:
    """Read an answer's body, or so much of it as is of use."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)
