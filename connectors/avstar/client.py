"""The HTTP client: one attempt a call. Retries, quota and pauses are others' affair."""

import asyncio
import re
from http import HTTPStatus as Http

import aiohttp
from yarl import URL

from connectors.avstar.answer import Answer, read_answer
from connectors.avstar.proxy import Proxy
from connectors.avstar.request import body, headers
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings
from connectors.records import Spot

_BODY_LIMIT = 64 << 10
"""Bytes of an answer that are read; a longer one costs its connection, not our memory."""

_SECRET_LENGTH = 8

_NO_TLS = (
    "No required SSL certificate was sent",
    "The SSL certificate error",
    "The plain HTTP request was sent to HTTPS port",
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

    async def attempt(self, spot: Spot, token: str) -> Answer:
        """Post one spot once and say what came back; network faults are answers too."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        try:
            async with self._session.post(
                self._url, data=body(spot), headers=headers(spot, token), allow_redirects=False
            ) as response:
                content = await _read(response)
                answer = read_answer(response.status, response.headers, _without(token, content))
                return _understood(answer, self._settings.proxy)
        except asyncio.TimeoutError as error:
            return Answer(None, f"no answer in time: {error or 'timeout'}")
        except aiohttp.ClientHttpProxyError as error:
            return _of_the_proxy(error.status, self._settings.proxy)
        except (aiohttp.ClientError, OSError) as error:
            return _fault(error)


def _understood(answer: Answer, proxy: Proxy | None) -> Answer:
    """See what an answer says of the connection and not of the spot."""
    if answer.status == Http.PROXY_AUTHENTICATION_REQUIRED:
        return _of_the_proxy(answer.status, proxy)
    if answer.status == Http.BAD_REQUEST and any(say in answer.detail for say in _NO_TLS):
        return answer._replace(misconfigured=True)
    return answer


def _of_the_proxy(status: int, proxy: Proxy | None) -> Answer:
    """Say what an answer of the proxy's own means."""
    who = f"the proxy {proxy or 'on the way'}"
    if status in {Http.PROXY_AUTHENTICATION_REQUIRED, Http.UNAUTHORIZED}:
        return Answer(status, f"{who} wants other credentials", misconfigured=True)
    if status == Http.FORBIDDEN:
        return Answer(status, f"{who} forbids it", misconfigured=True)
    detail = f"connection failed: {who} answered {status}"
    return Answer(None, detail, misconfigured=status in _NO_PROXY)


def _fault(error: aiohttp.ClientError | OSError) -> Answer:
    """Say what came instead of an answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error
        return Answer(None, f"certificate not trusted: {why}", misconfigured=True)
    if refused := _TLS_REFUSED.search(str(error)):
        return Answer(None, f"TLS refused: {refused[1].strip()}", misconfigured=True)
    what = " to the proxy" if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
    return Answer(None, f"connection{what} failed: {error or type(error).__name__}")


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
