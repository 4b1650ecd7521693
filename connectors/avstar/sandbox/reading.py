"""Reading a request: what it must look like before anything is scheduled."""

import re

from aiohttp import web
from pydantic import ValidationError

from connectors.avstar.sandbox import problem
from connectors.avstar.sandbox.record import SpotRecord

REQUEST_ID = re.compile(r"[0-9a-f]{32}")


async def read_spot(request: web.Request) -> SpotRecord | web.Response:
    """Read the spot to schedule, or return the answer that refuses the request."""
    if not REQUEST_ID.fullmatch(request.headers.get("X-Request-ID", "")):
        return problem.INVALID_REQUEST_ID.response("Send X-Request-ID, 32 lower-case hex digits.")
    if request.content_type != "application/json":
        return problem.UNSUPPORTED_MEDIA_TYPE.response("Send Content-Type: application/json.")
    try:
        return SpotRecord.model_validate_json(await request.read())
    except (ConnectionError, web.RequestPayloadError):  # also what a killed client leaves behind
        return problem.NOT_JSON.response("The body ended before its end.")
    except web.HTTPRequestEntityTooLarge as error:
        return problem.TOO_LARGE.response(error.text or "")
    except ValidationError as error:
        return _explain(error)


def _explain(error: ValidationError) -> web.Response:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return problem.NOT_JSON.response(faults[0]["msg"])
    return problem.INVALID_RECORD.response(
        "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults
        )
    )
