"""The HTTP client: one attempt a call. Retries, quota and pauses are others' affair."""

import asyncio

import aiohttp
from yarl import URL

from connectors.avstar.answer import Answer, read_answer
from connectors.avstar.request import body, headers
from connectors.avstar.settings import AvstarSettings
from connectors.records import Spot

_BODY_LIMIT = 64 << 10
"""Bytes of an answer that are read; a longer one costs its connection, not our memory."""

_SECRET_LENGTH = 8
_DNS_SECONDS = 300
_KEEPALIVE_SECONDS = 60.0


class Client:
    """One session with a pool bounded in total and per host; opened by its first use."""

    def __init__(self, settings: AvstarSettings) -> None:
        self._settings = settings
        self._url = URL(settings.ingest_url)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session, if it is not open; needs the running event loop."""
        settings = self._settings
        self._session = self._session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=settings.concurrency,
                limit_per_host=settings.concurrency,
                keepalive_timeout=_KEEPALIVE_SECONDS,
                ttl_dns_cache=_DNS_SECONDS,
            ),
            timeout=aiohttp.ClientTimeout(
                total=settings.request_timeout, connect=settings.connect_timeout
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding"),  # answers are short, and problems JSON
        )

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def attempt(self, spot: Spot, token: str) -> Answer:
        """Post one spot once and say what came back; network faults are answers too."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        try:
            async with self._session.post(
                self._url, data=body(spot), headers=headers(spot, token), allow_redirects=False
            ) as response:
                content = await _read(response)
                return read_answer(response.status, response.headers, _without(token, content))
        except aiohttp.ClientConnectorCertificateError as error:
            return Answer(None, f"certificate not trusted: {error}", misconfigured=True)
        except asyncio.TimeoutError as error:
            return Answer(None, f"no answer in time: {error or 'timeout'}")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(None, f"connection failed: {error or type(error).__name__}")


def _without(token: str, content: bytes) -> bytes:
    """Mask the token, which a server may repeat in its words; a toy of a token is no secret."""
    return content.replace(token.encode(), b"***") if len(token) >= _SECRET_LENGTH else content


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.content.is_eof():  # as nearly always: it came together with the headers
        return response.content.read_nowait()
    content = b""
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > _BODY_LIMIT:
            response.close()
            break
    return content
