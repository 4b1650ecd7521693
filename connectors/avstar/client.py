"""The HTTP client: one attempt a call. Retries, quota and pauses are others' affair."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp
from yarl import URL

from connectors.avstar.answer import Answer, read_answer
from connectors.avstar.request import body, headers
from connectors.avstar.settings import AvstarSettings
from connectors.records import Spot

_BODY_LIMIT = 64 << 10
"""Bytes of an answer that are read; a longer one costs its connection, not our memory."""

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
        self._session = self._session or _new_session(self._settings)

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def attempt(self, spot: Spot, token: str) -> Answer:
        """Post one spot once and say what came back; network faults are answers too."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        reply = await _post(self._session, self._url, body(spot), headers(spot, token))
        if isinstance(reply, Answer):
            return reply
        return read_answer(reply.status, reply.headers, reply.body, secrets=[token])


class Reply(NamedTuple):
    """An HTTP response as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def post_form(
    url: str, form: Mapping[str, str], sent: Mapping[str, str], settings: AvstarSettings
) -> Reply | Answer:
    """Post a form once, in a session of its own, and say what came back; faults are answers."""
    async with _new_session(settings) as session:
        return await _post(session, URL(url), aiohttp.FormData(form), sent)


def _new_session(settings: AvstarSettings) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
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


async def _post(
    session: aiohttp.ClientSession,
    url: URL,
    data: bytes | aiohttp.FormData,
    sent: Mapping[str, str],
) -> Reply | Answer:
    try:
        async with session.post(url, data=data, headers=sent, allow_redirects=False) as response:
            return Reply(response.status, response.headers, await _read(response))
    except aiohttp.ClientConnectorCertificateError as error:
        return Answer(None, f"certificate not trusted: {error}", misconfigured=True)
    except asyncio.TimeoutError as error:
        return Answer(None, f"no answer in time: {error or 'timeout'}", given_up=True)
    except (aiohttp.ClientError, OSError) as error:
        return Answer(None, f"connection failed: {error or type(error).__name__}")


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
