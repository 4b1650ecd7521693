"""The HTTP client: one attempt a call. Retries, quota and pauses are others' affair."""

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from http import HTTPStatus as Http

import aiohttp
from yarl import URL

from connectors.avstar.answer import Answer, in_short, read_answer
from connectors.avstar.bulk import RECORD_LIMIT, as_whole, read_bulk_answer
from connectors.avstar.exchange import Exchange
from connectors.avstar.proxy import Proxy
from connectors.avstar.reply import BODY_LIMIT, Reply, read_body
from connectors.avstar.request import Named, body, bulk_body, bulk_id, fields
from connectors.avstar.session import new_session
from connectors.avstar.settings import AvstarSettings
from connectors.records import Spot

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

_FAULTS = (asyncio.TimeoutError, aiohttp.ClientError, OSError)
"""What is raised where no reply comes."""

_TLS_REFUSED = re.compile(
    r"\[SSL: \w*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|PROTOCOL|WRONG_VERSION)"
    r"\w*\]([^(\]]*)"
)
"""What a server says that does not want our certificate, or that speaks another TLS or none."""


class Client:
    """One session with a pool bounded in total and per host; opened by its first use."""

    def __init__(self, settings: AvstarSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._exchange: Exchange | None = None

    async def open(self) -> None:
        """Open the session, if it is not open; needs the running event loop."""
        if self._session is None:
            session = new_session(self._settings)
            self._session, self._exchange = session, Exchange(session, self._settings)

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session and self._exchange:
            self._exchange.close()
            await self._session.close()
            self._session = self._exchange = None

    async def attempt(
        self, spots: Sequence[Spot], token: str, named: Named | None = None
    ) -> Answer:
        """Post spots once, in one request, and say what came back; network faults are answers too.

        Where a request holds one record, that is one spot.
        """
        if self._exchange is None:
            raise RuntimeError("the client is not open")
        bulk = self._settings.records_per_request > 1
        sent = fields(bulk_id(spots) if bulk else spots[0].request_id, token, named)
        content = bulk_body(spots) if bulk else body(spots[0])
        limit = BODY_LIMIT + (len(spots) * RECORD_LIMIT if bulk else 0)
        try:
            reply = await self._exchange.post(sent, content, limit)
        except _FAULTS as error:
            return _no_reply(error, self._settings.proxy, token)
        if answer := _on_the_way(reply, self._settings.proxy):
            return answer
        if not bulk:
            return read_answer(reply.status, reply.headers, reply.body, secrets=[token])
        answer = read_bulk_answer(reply.status, reply.headers, reply.body, secrets=[token])
        return as_whole(answer, [spot.request_id for spot in spots])


async def post_form(
    url: str, form: Mapping[str, str], sent: Mapping[str, str], settings: AvstarSettings
) -> Reply | Answer:
    """Post a form once, in a session of its own, and say what came back; faults are answers."""
    sending = _once("POST", url, aiohttp.FormData(form), sent, settings)
    return await _reply(sending, settings.proxy, sent.get("Authorization", "").partition(" ")[2])


async def look(settings: AvstarSettings, token: str) -> Reply | Answer:
    """Ask once for the place where spots are posted, in a session of its own; post nothing."""
    sent = {"Authorization": f"Bearer {token}"}
    sending = _once("GET", settings.ingest_url, None, sent, settings)
    return await _reply(sending, settings.proxy, token)


async def _once(
    method: str,
    url: str,
    data: aiohttp.FormData | None,
    sent: Mapping[str, str],
    settings: AvstarSettings,
) -> Reply:
    async with (
        new_session(settings) as session,
        session.request(
            method, URL(url), data=data, headers=sent, allow_redirects=False
        ) as response,
    ):
        return Reply(response.status, response.headers, await read_body(response.content))


async def _reply(sending: Awaitable[Reply], proxy: Proxy | None, secret: str) -> Reply | Answer:
    try:
        reply = await sending
    except _FAULTS as error:
        return _no_reply(error, proxy, secret)
    return _on_the_way(reply, proxy) or reply


def _no_reply(error: Exception, proxy: Proxy | None, secret: str) -> Answer:
    """Say what came instead of a reply."""
    if isinstance(error, asyncio.TimeoutError):
        return Answer(None, f"no answer in time: {error or 'timeout'}", given_up=True)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _of_the_proxy(error.status, proxy)
    fault = _fault(error)  # it may quote what came, which may repeat what was sent
    return fault._replace(detail=in_short(fault.detail, [secret]))


def _on_the_way(reply: Reply, proxy: Proxy | None) -> Answer | None:
    """Say what a reply means that comes from the way to the server; None if it is the server's."""
    if reply.status == Http.PROXY_AUTHENTICATION_REQUIRED:
        return _of_the_proxy(reply.status, proxy)
    if reply.status == Http.BAD_REQUEST:
        return next((_of_tls(words) for words in _NO_TLS if words in reply.body), None)
    return None


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


def _fault(error: Exception) -> Answer:
    """Say what came instead of an answer."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error
        return Answer(None, f"certificate not trusted: {why}", misconfigured=True)
    if refused := _TLS_REFUSED.search(str(error)):
        return Answer(None, f"TLS refused: {refused[1].strip()}", misconfigured=True)
    what = " to the proxy" if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
    return Answer(None, f"connection{what} failed: {error or type(error).__name__}")
