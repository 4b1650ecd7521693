"""Is the API there, and does it want us? Asked without sending a spot."""

from datetime import datetime, timezone
from http import HTTPStatus as Http
from typing import Literal, NamedTuple

from connectors.avstar.announced import Announced
from connectors.avstar.answer import Answer, read_answer
from connectors.avstar.client import look
from connectors.avstar.http_date import http_date
from connectors.avstar.settings import AvstarSettings

_NOT_FOR_LOOKING = frozenset({Http.METHOD_NOT_ALLOWED, Http.NOT_IMPLEMENTED})
"""How a place that is only posted to answers; as a rule before it looks at the token."""

_WRONG: dict[int, str] = {
    Http.UNAUTHORIZED: "the token is refused; check it",
    Http.FORBIDDEN: "the token may not do this; check its rights and the URL",
    Http.NOT_FOUND: "this is not where spots are posted; check the URL",
}


_NO_BULK = (
    "this is not where spots are posted together; check the URL, or send one by one with "
    "--records-per-request 1"
)


class Inquiry(NamedTuple):
    """How the API answered: in a word, in words, and what else its headers say.

    `skew` is how many seconds its clock is ahead of ours, None if it does not say.
    """

    level: Literal["ok", "warn", "FAIL"]
    words: str
    skew: float | None = None
    announced: tuple[Announced, ...] = ()


async def inquire(settings: AvstarSettings, token: str) -> Inquiry:
    """GET the address where spots are posted, once."""
    reply = await look(settings, token)
    if isinstance(reply, Answer):
        return Inquiry("FAIL", f"{settings.ingest_url}: {reply.detail}")
    answer = read_answer(reply.status, reply.headers, reply.body, secrets=[token])
    now = datetime.now(timezone.utc)
    date = http_date(reply.headers.get("Date", ""))
    skew = (date - now).total_seconds() if date else None
    level, meaning = _meaning(reply.status)
    if reply.status == Http.NOT_FOUND and settings.records_per_request > 1:
        meaning = _NO_BULK
    said = f" ({answer.detail})" if answer.detail and level == "FAIL" else ""
    words = f"{settings.ingest_url} answers {reply.status}{said}: {meaning}"
    return Inquiry(level, words, skew, answer.announced)


def _meaning(status: int) -> tuple[Literal["ok", "warn", "FAIL"], str]:
    if status in _WRONG:
        return "FAIL", _WRONG[status]
    if status in _NOT_FOR_LOOKING:
        return "ok", "it is there; the first spot will prove the token"
    if status < Http.MULTIPLE_CHOICES:
        return "ok", "it is there, and takes the token"
    if status < Http.BAD_REQUEST:
        return "FAIL", _WRONG[Http.NOT_FOUND]
    return "warn", "it is there, and not well now; a run would wait, or say what is wrong"
