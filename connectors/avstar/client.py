"""The HTTP client: one attempt a call. Retries, quota and pauses are others' affair."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus as Http
from typing import NamedTuple

import aiohttp
from yarl import URL

from connectors.avstar.answer import Answer, read_answer
from connectors.avstar.proxy import Proxy
from connectors.avstar.request import Named, body, headers
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings
from connectors.records import Spot

_BODY_LIMIT = 64 << 10
"""Bytes of an answer that are read; a longer one costs its connection, not our memory."""

_NO_TLS = (
    b"No required SSL certificate was sent",
    b"The SSL certificate error",
    b"The plain HTTP request was sent to HTTPS port",
)
"""How nginx says, with status 400, that it is the connection it does not like, not the spot."""

_NO_PROXY = frozenset(
    {Http.BAD_REQUEST, Http.NOT_FOUND, Http.METHOD_NOT_ALLOWED, Http.NOT_IMPLEMENTED}
)
"""How servers that are no proxies answer when they are asked for a tunnel."""

_TLS_REFUSED = re.compile(
    r"\[SSL: \w*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|PROTOCOL|WRONG_VERSION)"
    r"\w*\]([^(\]]*)"
)
"""What a server says that does not want our certificate, or that speaks another TLS or none."""


class Client:
    """One session with a pool bounded in total and per host; opened by its first use."""

    def __init__(self, settings: AvstarSettings) -> None:
        self._settings = settings
        self._url = URL(settings.ingest_url)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session, if it is not open; needs the running event loop."""
        self._session = self._session or new_session(self._settings)

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def attempt(self, spot: Spot, token: str, named: Named | None = None) -> Answer:
        """Post one spot once and say what came back; network faults are answers too."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        sent, proxy = headers(spot, token, named), self._settings.proxy
        reply = await _send(self._session, "POST", self._url, body(spot), sent, proxy)
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
    async with new_session(settings) as session:
        data = aiohttp.FormData(form)
        return await _send(session, "POST", URL(url), data, sent, settings.proxy)


async def look(settings: AvstarSettings, token: str) -> Reply | Answer:
    """Ask once for the place where spots are posted, in a session of its own; post nothing."""
    sent = {"Authorization": f"Bearer {token}"}
    async with new_session(settings) as session:
        return await _send(session, "GET", URL(settings.ingest_url), None, sent, settings.proxy)


async def _send(  # noqa: PLR0913, PLR0917 - a request's parts
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    data: bytes | aiohttp.FormData | None,
    sent: Mapping[str, str],
    proxy: Proxy | None,
) -> Reply | Answer:
    """Send once. What comes from the way there and not from the server is an answer already."""
    try:
        async with session.request(
            method, url, data=data, headers=sent, allow_redirects=False
        ) as response:
            reply = Reply(response.status, response.headers, await _read(response))
    except asyncio.TimeoutError as error:
        return Answer(None, f"no answer in time: {error or 'timeout'}", given_up=True)
    except aiohttp.ClientHttpProxyError as error:
        return _of_the_proxy(error.status, proxy)
    except (aiohttp.ClientError, OSError) as error:
        return _fault(error)
    if reply.status == Http.PROXY_AUTHENTICATION_REQUIRED:
        return _of_the_proxy(reply.status, proxy)
    if reply.status == Http.BAD_REQUEST:
        return next((_of_tls(words) for words in _NO_TLS if words in reply.body), reply)
    return reply


def _of_the_proxy(status: int, proxy: Proxy | None) -> Answer:
    """Say what an answer of the proxy's own means."""
    who = f"the proxy {proxy or 'on the way'}"
    if status in {Http.PROXY_AUTHENTICATION_REQUIRED, Http.UNAUTHORIZED}:
        return Answer(status, f"{who} wants other credentials", misconfigured=True)
    if status == Http.FORBIDDEN:
        return Answer(status, f"{who} forbids it", misconfigured=True)
    detail = f"connection failed: {who} answered {status}"
    return Answer(None, detail, misconfigured=status in _NO_PROXY)


def _of_tls(words: bytes) -> Answer:
    return Answer(Http.BAD_REQUEST, words.decode(), misconfigured=True)


def _fault(error: aiohttp.ClientError | OSError) -> Answer:
    """Say what came instead of an answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error
        return Answer(None, f"certificate not trusted: {why}", misconfigured=True)
    if refused := _TLS_REFUSED.search(str(error)):
        return Answer(None, f"TLS refused: {refused[1].strip()}", misconfigured=True)
    what = " to the proxy" if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
    return Answer(None, f"connection{what} failed: {error or type(error).__name__}")


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
