"""The one endpoint that matters: POST /ingest."""

import asyncio
import hmac
import time
from random import Random

from aiohttp import web

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.announcement import announce, retry_after
from connectors.avstar.sandbox.connections import Connections
from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.sandbox.faults import Fault
from connectors.avstar.sandbox.oauth import TokenEndpoint
from connectors.avstar.sandbox.reading import read_spot
from connectors.avstar.sandbox.settings import SandboxSettings
from connectors.avstar.sandbox.stats import Stats
from connectors.avstar.sandbox.store import SpotStore
from connectors.avstar.sandbox.window import SlidingWindow

_CHALLENGE = 'Bearer realm="avstar"'
_INVALID_TOKEN = f'{_CHALLENGE}, error="invalid_token"'


class Ingest:
    """Answers requests: token, then quota, then faults, then the record itself.

    `token` and `faults` may be changed while it serves.
    """

    def __init__(
        self, settings: SandboxSettings, store: SpotStore, stats: Stats, issuer: TokenEndpoint
    ) -> None:
        self.token = settings.token
        self.faults = settings.faults
        self._settings = settings
        self._store = store
        self._stats = stats
        self._issuer = issuer
        self._window = SlidingWindow(settings.rate)
        self._connections = Connections()
        self._expired: set[str] = set()
        # A source of chance each: with or without latency, a seed strikes the same requests.
        self._fault_dice = Random(settings.seed)  # noqa: S311 - not for secrets
        self._latency_dice = Random(settings.seed)  # noqa: S311

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, late if so set."""
        self._count(request)
        response = await self._answer(request)
        response.headers.update(
            announce(self._settings.announce, self._window, time.monotonic(), time.time())
        )
        if delay := self._settings.latency.seconds(self._latency_dice.random()):
            await asyncio.sleep(delay)
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        for refusal in (self._unauthorized, self._throttled):
            if (response := refusal(request)) is not None:
                return response
        return await self._under_faults(request)

    def _count(self, request: web.Request) -> None:
        self._stats.requests += 1
        if request.transport is not None:
            self._connections.note(request.transport)
            self._stats.peak_connections = self._connections.peak

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        static = hmac.compare_digest(token.encode(errors="surrogateescape"), self.token.encode())
        if scheme.lower() == "bearer" and (static or self._issuer.accepts(token)):
            return None
        self._stats.unauthorized += 1
        challenge = _INVALID_TOKEN if token else _CHALLENGE
        return problem.UNAUTHORIZED.response(
            "Send the header Authorization: Bearer TOKEN with the accepted token.",
            headers={"WWW-Authenticate": challenge},
        )

    def _throttled(self, _: web.Request) -> web.Response | None:
        now = time.monotonic()
        if self._window.admit(now):
            return None
        self._stats.throttled += 1
        return self._too_many(self._window.wait(now))

    def _too_many(self, wait: float) -> web.Response:
        return problem.THROTTLED.response(
            f"The quota is {self._settings.rate} requests/seconds in a sliding window.",
            headers=retry_after(self._settings.retry_after, wait, time.time()),
        )

    async def _under_faults(self, request: web.Request) -> web.Response:
        slow_seconds = self.faults.slow_seconds
        fault = self._strike(request)
        if fault == "reset":
            return disconnect(request)
        if (failure := self._failure(fault)) is not None:
            return failure
        response = await self._schedule(request)
        if fault == "lost":
            return disconnect(request)
        if fault == "slow":
            await asyncio.sleep(slow_seconds)
        return response

    def _strike(self, request: web.Request) -> Fault | None:
        fault = self.faults.strike(self._fault_dice.random())
        request_id = request.headers.get("X-Request-ID", "")
        if fault is None or (fault == "expired" and request_id in self._expired):
            return None
        if fault == "expired":
            self._expired.add(request_id)  # a client that renews its token gets through next time
        self._stats.faults[fault] += 1
        return fault

    def _failure(self, fault: Fault | None) -> web.Response | None:
        if fault == "500":
            return problem.INTERNAL_ERROR.response("The request was not carried out.")
        if fault == "throttle":
            return self._too_many(wait=1)
        if fault == "expired":
            return problem.UNAUTHORIZED.response(
                "The token has expired; renew it.",
                headers={
                    "WWW-Authenticate": f'{_INVALID_TOKEN}, error_description="token expired"'
                },
            )
        return None

    async def _schedule(self, request: web.Request) -> web.Response:
        record = await read_spot(request)
        if isinstance(record, web.Response):
            self._stats.rejected += 1
            return record
        request_id = request.headers["X-Request-ID"]
        scheduling = self._store.schedule(request_id, record)
        if scheduling == "accepted":
            self._stats.accepted += 1
            body = f'{{"request_id":"{request_id}","status":"scheduled"}}'
            return web.Response(status=201, text=body, content_type="application/json")
        return self._known(request_id, same=scheduling == "duplicate")

    def _known(self, request_id: str, *, same: bool) -> web.Response:
        self._stats.duplicates += same
        self._stats.conflicts += not same
        before = f"Request {request_id} was scheduled before"
        if self._settings.conflict == "plain":
            return problem.ALREADY_SCHEDULED.response(f"{before}.")
        if same:
            return problem.ALREADY_SCHEDULED.response(f"{before}, with the same content.")
        return problem.REQUEST_ID_REUSED.response(
            f"{before}, with other content.", status=self._settings.conflict
        )
