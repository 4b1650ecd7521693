"""POST /oauth/token: tokens by a client's credentials (RFC 6749, section 4.4)."""

import asyncio
import hmac
import secrets
import time
from base64 import b64decode
from collections.abc import Mapping
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.announcement import retry_after
from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.sandbox.faults import Fault
from connectors.avstar.sandbox.settings import SandboxSettings
from connectors.avstar.sandbox.stats import Stats

_TOKEN_BYTES = 24
_FORM = "application/x-www-form-urlencoded"
_NO_STORE = {"Cache-Control": "no-store"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="avstar"'}


class _Error(NamedTuple):
    """An error as RFC 6749 (section 5.2) has it, not a problem document."""

    status: int
    code: str
    description: str

    def response(self, headers: Mapping[str, str] | None = None) -> web.Response:
        document = {"error": self.code, "error_description": self.description}
        return web.json_response(
            document, status=self.status, headers={**_NO_STORE, **(headers or {})}
        )


_NO_CLIENT = _Error(401, "invalid_client", "Send the client's ID and secret by HTTP Basic.")
_NO_FORM = _Error(400, "invalid_request", f"Send the parameters as {_FORM}, each once.")
_NO_GRANT_TYPE = _Error(400, "invalid_request", "Send grant_type=client_credentials.")
_OTHER_GRANT = _Error(400, "unsupported_grant_type", "The only grant is client_credentials.")


class TokenEndpoint:
    """Issues tokens to the one client it knows; `faults` may be changed while it serves.

    Of the faults `expired` is a 401 that says the client is not known any more.
    """

    def __init__(self, settings: SandboxSettings, stats: Stats) -> None:
        self.faults = settings.oauth_faults
        self._settings = settings
        self._stats = stats
        self._ends: dict[str, float] = {}
        self._dice = Random(settings.seed)  # noqa: S311 - not for secrets

    def accepts(self, token: str) -> bool:
        """Tell whether a token was issued here and has not run out."""
        return self._ends.get(token, 0.0) > time.monotonic()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Issue a token, or say why not."""
        self._stats.token_requests += 1
        faults = self.faults
        fault = faults.strike(self._dice.random())
        if (failure := self._failure(fault, request)) is not None:
            return failure
        response = await self._grant(request)
        if fault == "lost":
            return disconnect(request)
        if fault == "slow":
            await asyncio.sleep(faults.slow_seconds)
        return response

    def _failure(self, fault: Fault | None, request: web.Request) -> web.Response | None:
        if fault == "500":
            return problem.INTERNAL_ERROR.response("No token was issued.")
        if fault == "reset":
            return disconnect(request)
        if fault == "throttle":
            headers = retry_after(self._settings.retry_after, 1, time.time())
            return problem.THROTTLED.response("Ask for a token less often.", headers=headers)
        return _NO_CLIENT.response(_CHALLENGE) if fault == "expired" else None

    async def _grant(self, request: web.Request) -> web.Response:
        if not self._knows(request.headers.get("Authorization", "")):
            return _NO_CLIENT.response(_CHALLENGE)
        if request.content_type != _FORM:
            return _NO_FORM.response()
        pairs = parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) < len(pairs):
            return _NO_FORM.response()
        if not form.get("grant_type"):
            return _NO_GRANT_TYPE.response()
        if form["grant_type"] != "client_credentials":
            return _OTHER_GRANT.response()
        return self._issue()

    def _knows(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        try:
            name, _, secret = b64decode(given, validate=True).decode().partition(":")
        except ValueError:
            return False
        known = (self._settings.client_id, self._settings.client_secret)
        shown = (unquote_plus(name), unquote_plus(secret))
        return scheme.lower() == "basic" and all(
            hmac.compare_digest(one.encode(), other.encode())
            for one, other in zip(shown, known, strict=True)
        )

    def _issue(self) -> web.Response:
        now, seconds = time.monotonic(), self._settings.token_seconds
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._ends = {one: end for one, end in self._ends.items() if end > now}
        self._ends[token] = now + seconds
        self._stats.tokens_issued += 1
        document = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return web.json_response(document, headers=_NO_STORE)
