"""The sandbox's own endpoints under /_sandbox: look inside, switch faults and token."""

import json
from typing import Any

from aiohttp import web

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.faults import Faults
from connectors.avstar.sandbox.ingest import Ingest
from connectors.avstar.sandbox.oauth import TokenEndpoint
from connectors.avstar.sandbox.stats import Stats
from connectors.avstar.sandbox.store import SpotStore
from connectors.errors import RefusedError


class Control:
    """Shows what a sandbox has seen and changes what it does next; no token needed."""

    def __init__(
        self, ingest: Ingest, issuer: TokenEndpoint, store: SpotStore, stats: Stats
    ) -> None:
        self._ingest = ingest
        self._issuer = issuer
        self._store = store
        self._stats = stats

    def routes(self) -> list[web.RouteDef]:
        """List the endpoints."""
        return [
            web.get("/_sandbox/stats", self.show_stats),
            web.get("/_sandbox/spots", self.stream_spots),
            web.put("/_sandbox/faults", self.set_faults),
            web.put("/_sandbox/oauth-faults", self.set_oauth_faults),
            web.put("/_sandbox/token", self.set_token),
        ]

    async def show_stats(self, _: web.Request) -> web.Response:
        """Give the counts, and the number of spots in the database."""
        return web.json_response({**self._stats.as_dict(), "spots": len(self._store)})

    async def stream_spots(self, request: web.Request) -> web.StreamResponse:
        """Give every scheduled spot in the order they came, one JSON object a line."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for page in self._store.pages():
            await response.write("".join(f"{json.dumps(spot)}\n" for spot in page).encode())
        return response

    async def set_faults(self, request: web.Request) -> web.Response:
        """Replace all faults, as in `{"lost": 0.05, "slow": "0.01:3"}`; `{}` ends them."""
        return await _switch_faults(self._ingest, request)

    async def set_oauth_faults(self, request: web.Request) -> web.Response:
        """Replace all faults of the token endpoint in the same way."""
        return await _switch_faults(self._issuer, request)

    async def set_token(self, request: web.Request) -> web.Response:
        """Replace the accepted token, as in `{"token": "next"}`."""
        try:
            token = (await _object(request)).get("token")
        except (ValueError, RefusedError) as error:
            return problem.INVALID_SWITCH.response(str(error))
        if not isinstance(token, str) or not token:
            return problem.INVALID_SWITCH.response('Send {"token": "..."}, not empty.')
        self._ingest.token = token
        return web.Response(status=204)


async def _switch_faults(of: Ingest | TokenEndpoint, request: web.Request) -> web.Response:
    try:
        of.faults = Faults.of(await _object(request))
    except (ValueError, RefusedError) as error:
        return problem.INVALID_SWITCH.response(str(error))
    return web.Response(status=204)


async def _object(request: web.Request) -> dict[str, Any]:
    value = json.loads(await request.read())
    if not isinstance(value, dict):
        raise RefusedError("the body must be a JSON object")
    return value
