"""Every error as the API writes it: a problem document after RFC 9457."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web

TYPE_PREFIX = "urn:avstar:problem:"
MEDIA_TYPE = "application/problem+json"

Document = dict[str, Any]
"""The members of a problem document."""


class Problem(NamedTuple):
    """A kind of error: its HTTP status, the name that ends its type, and its title."""

    status: int
    name: str
    title: str

    def document(self, detail: str, status: int | None = None) -> Document:
        """Build the document; `status` replaces the usual one."""
        kind, status = TYPE_PREFIX + self.name, status or self.status
        return {"type": kind, "title": self.title, "status": status, "detail": detail}

    def response(self, detail: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
        """Build the answer."""
        return response(self.document(detail), headers)


NOT_JSON = Problem(400, "not-json", "The body is no JSON")
INVALID_REQUEST_ID = Problem(400, "invalid-request-id", "The request ID is missing or malformed")
UNAUTHORIZED = Problem(401, "unauthorized", "The bearer token is missing or not accepted")
ALREADY_SCHEDULED = Problem(409, "already-scheduled", "The spot is already scheduled")
TOO_LARGE = Problem(413, "too-large", "The body is too large")
UNSUPPORTED_MEDIA_TYPE = Problem(415, "unsupported-media-type", "The body must be JSON")
INVALID_RECORD = Problem(422, "invalid-record", "The record breaks the schema")
REQUEST_ID_REUSED = Problem(422, "request-id-reused", "The request ID belongs to another spot")
INVALID_SWITCH = Problem(422, "invalid-switch", "The sandbox has no such switch")
THROTTLED = Problem(429, "throttled", "The quota is used up")
INTERNAL_ERROR = Problem(500, "internal-error", "The API failed")


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn the errors of the HTTP server itself, such as 404 and 405, into problem documents."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        detail = f"{request.method} {request.path}: {error.reason}"
        title, status = error.reason, error.status
        document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        return response(document, allow)


def response(document: Document, headers: Mapping[str, str] | None = None) -> web.Response:
    """Build the answer that a document is."""
    body, status = json.dumps(document).encode(), document["status"]
    return web.Response(status=status, body=body, content_type=MEDIA_TYPE, headers=headers)
