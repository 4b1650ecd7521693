"""Reading a request: what it must look like before anything is scheduled."""

import re
from typing import Any, NamedTuple

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import from_json

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.problem import Document
from connectors.avstar.sandbox.record import SpotRecord
from connectors.avstar.sandbox.settings import SandboxSettings

REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class Entry(NamedTuple):
    """A record of a bulk request; one that breaks the schema is the problem that says so."""

    request_id: str
    record: SpotRecord | Document


async def read_spot(request: web.Request) -> SpotRecord | web.Response:
    """Read the spot to schedule, or return the answer that refuses the request."""
    if not REQUEST_ID.fullmatch(request.headers.get("X-Request-ID", "")):
        return problem.INVALID_REQUEST_ID.response("Send X-Request-ID, 32 lower-case hex digits.")
    body = await _body(request)
    if isinstance(body, web.Response):
        return body
    try:
        return SpotRecord.model_validate_json(body)
    except ValidationError as error:
        return problem.response(_explain(error))


async def read_entries(
    request: web.Request, settings: SandboxSettings
) -> list[Entry] | web.Response:
    """Read the records of a bulk request, or return the answer that refuses all of it."""
    body = await _body(request.clone(client_max_size=settings.max_bulk_bytes))
    if isinstance(body, web.Response):
        return body
    try:
        records = from_json(body)
    except ValueError as error:
        return problem.NOT_JSON.response(str(error))
    if not isinstance(records, list) or not records:
        return problem.INVALID_RECORD.response("body: send an array of records, at least one.")
    if len(records) > settings.max_bulk_records:
        most = f"At most {settings.max_bulk_records} records, not {len(records)}."
        return problem.TOO_LARGE.response(most)
    found = [_entry(record) for record in records]
    if None in found:
        wrong = f"record {found.index(None) + 1}: request_id must be 32 lower-case hex digits."
        return problem.INVALID_REQUEST_ID.response(wrong)
    return [entry for entry in found if entry]


async def _body(request: web.BaseRequest) -> bytes | web.Response:
    if request.content_type != "application/json":
        return problem.UNSUPPORTED_MEDIA_TYPE.response("Send Content-Type: application/json.")
    try:
        return await request.read()
    except (ConnectionError, web.RequestPayloadError):  # also what a killed client leaves behind
        return problem.NOT_JSON.response("The body ended before its end.")
    except web.HTTPRequestEntityTooLarge as error:
        return problem.TOO_LARGE.response(error.text or "")


def _entry(record: Any) -> Entry | None:
    """Read a record; None if it cannot even be answered."""
    request_id = record.pop("request_id", None) if isinstance(record, dict) else None
    if not isinstance(request_id, str) or not REQUEST_ID.fullmatch(request_id):
        return None
    try:
        return Entry(request_id, SpotRecord.model_validate(record))
    except ValidationError as error:
        return Entry(request_id, _explain(error))


def _explain(error: ValidationError) -> Document:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return problem.NOT_JSON.document(faults[0]["msg"])
    return problem.INVALID_RECORD.document(
        "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults
        )
    )
