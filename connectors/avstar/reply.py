"""An HTTP response as it came."""

from collections.abc import Mapping
from typing import NamedTuple

import aiohttp

BODY_LIMIT = 64 << 10
"""Bytes of an answer that are waited for; a longer one costs its connection, not our memory."""


class Reply(NamedTuple):
    """An HTTP response as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def read_body(content: aiohttp.StreamReader, limit: int = BODY_LIMIT) -> bytes:
    """Read an answer's body, or so much of it as is of use."""
    if content.is_eof():  # as nearly always: it came together with the headers
        return content.read_nowait()
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)
