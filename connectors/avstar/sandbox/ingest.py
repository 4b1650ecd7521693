"""The endpoints that matter: POST /ingest, and POST /ingest/bulk for many spots at once."""

import asyncio
import hmac
import time
from random import Random
from typing import Protocol

from aiohttp import web

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.announcement import announce, retry_after
from connectors.avstar.sandbox.bulk import Bulk
from connectors.avstar.sandbox.connections import Connections
from connectors.avstar.sandbox.disconnect import disconnect
from connectors.avstar.sandbox.faults import Fault
from connectors.avstar.sandbox.oauth import TokenEndpoint
from connectors.avstar.sandbox.reading import read_spot
from connectors.avstar.sandbox.scheduling import Scheduler
from connectors.avstar.sandbox.settings import SandboxSettings
from connectors.avstar.sandbox.stats import Stats
from connectors.avstar.sandbox.store import SpotStore
from connectors.avstar.sandbox.window import SlidingWindow

_CHALLENGE = 'Bearer realm="avstar"'
_INVALID_TOKEN = f'{_CHALLENGE}, error="invalid_token"'
_FAILED = "The request was not carried out."


class _Way(Protocol):
    """What an endpoint does with a request that token, quota and faults let through."""

    async def __call__(self, request: web.Request, *, partial: bool) -> web.Response: ...


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
        self._scheduler = Scheduler(store, stats, settings.conflict)
        self._bulk = Bulk(settings, self._scheduler, stats)
        self._stats = stats
        self._issuer = issuer
        self._window = SlidingWindow(settings.rate)
        self._connections = Connections()
        self._expired: set[str] = set()
        # A source of chance each: with or without latency, a seed strikes the same requests.
        self._fault_dice = Random(settings.seed)  # noqa: S311 - not for secrets
        self._latency_dice = Random(settings.seed)  # noqa: S311

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to schedule one spot."""
        return await self._late(request, self._schedule)

    async def answer_bulk(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to schedule many."""
        return await self._late(request, self._bulk.answer)

    async def _late(self, request: web.Request, way: _Way) -> web.StreamResponse:
        """Answer late, if so set."""
        self._count(request)
        response = await self._answer(request, way)
        response.headers.update(
            announce(self._settings.announce, self._window, time.monotonic(), time.time())
        )
        if delay := self._settings.latency.seconds(self._latency_dice.random()):
            await asyncio.sleep(delay)
        return response

    async def _answer(self, request: web.Request, way: _Way) -> web.Response:
        for refusal in (self._unauthorized, self._throttled):
            if (response := refusal(request)) is not None:
                return response
        return await self._under_faults(request, way)

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

    async def _under_faults(self, request: web.Request, way: _Way) -> web.Response:
        slow_seconds = self.faults.slow_seconds
        fault = self._strike(request)
        if fault == "reset":
            return disconnect(request)
        if (failure := self._failure(fault)) is not None:
            return failure
        response = await way(request, partial=fault == "partial")
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
            return problem.INTERNAL_ERROR.response(_FAILED)
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

    async def _schedule(self, request: web.Request, *, partial: bool) -> web.Response:
        if partial:
            return problem.INTERNAL_ERROR.response(_FAILED)
        record = await read_spot(request)
        if isinstance(record, web.Response):
            self._stats.rejected += 1
            return record
        request_id = request.headers["X-Request-ID"]
        if why := self._scheduler.schedule(request_id, record):
            return problem.response(why)
        body = f'{{"request_id":"{request_id}","status":"scheduled"}}'
        return web.Response(status=201, text=body, content_type="application/json")
