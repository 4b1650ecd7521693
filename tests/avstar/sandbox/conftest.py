"""A sandbox in the test's own event loop, and a client that knows what to send."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import aiohttp
import pytest

from connectors.avstar.sandbox import Sandbox, SandboxSettings

REQUEST_ID = "0123456789abcdef0123456789abcdef"
SPOT = {
    "spot_id": "SP1",
    "station": "KABC",
    "airtime": "2026-11-24T05:30:00-05:00",
    "duration_sec": 30,
    "advertiser": "Müller & Söhne",
}


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The last word of the problem's type, after its form was checked."""
        document = self.json()
        assert self.headers["Content-Type"].startswith("application/problem+json")
        assert set(document) == {"type", "title", "status", "detail"}
        assert document["status"] == self.status
        return document["type"].rpartition(":")[2]


class Api:
    """A client of one sandbox."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, self.url + path, **options) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def ingest(
        self,
        request_id: str = REQUEST_ID,
        *,
        token: str = "sandbox",
        headers: dict[str, str | None] | None = None,
        body: bytes | None = None,
        **changes: Any,
    ) -> Answer:
        """Post the usual spot; a header of None is left out."""
        sent = {
            "Authorization": f"Bearer {token}",
            "X-Request-ID": request_id,
            "Content-Type": "application/json",
            **(headers or {}),
        }
        return await self.send(
            "POST",
            "/ingest",
            data=json.dumps({**SPOT, **changes}).encode() if body is None else body,
            headers={name: value for name, value in sent.items() if value is not None},
            skip_auto_headers=("Content-Type",),
        )

    async def ingest_bulk(
        self,
        *records: Any,
        token: str = "sandbox",
        headers: dict[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Post records in one request."""
        sent = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        return await self.send(
            "POST",
            "/ingest/bulk",
            data=json.dumps(records).encode() if body is None else body,
            headers={name: value for name, value in sent.items() if value is not None},
            skip_auto_headers=("Content-Type",),
        )

    async def stats(self) -> Any:
        return (await self.send("GET", "/_sandbox/stats")).json()

    async def until(self, name: str) -> None:
        """Wait until one of the counts is no longer 0."""
        while not (await asyncio.wait_for(self.stats(), 5))[name]:
            pass

    async def spots(self) -> list[Any]:
        answer = await self.send("GET", "/_sandbox/spots")
        return [json.loads(line) for line in answer.body.splitlines()]

    async def switch(self, name: str, value: Any) -> Answer:
        return await self.send("PUT", f"/_sandbox/{name}", json=value)


@pytest.fixture
async def start():
    """Start sandboxes with these settings; they end with the test."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Api:
            sandbox = await stack.enter_async_context(Sandbox(SandboxSettings(**settings)))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Api(sandbox.url, session)

        yield start
