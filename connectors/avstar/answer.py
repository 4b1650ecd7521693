"""What came back from one attempt."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus as Http
from math import isfinite
from typing import Any, NamedTuple

from pydantic_core import from_json

DETAIL_LIMIT = 500
"""Characters of the server's words that are kept: enough to act on."""

_SECRET_LENGTH = 8


class Answer(NamedTuple):
    """An HTTP answer, or what happened instead of one (`status` None).

    `detail` is the server's own explanation, `retry_after` seconds to wait as it told us.
    `misconfigured` marks a fault that no repetition mends, such as a certificate not trusted.
    """

    status: int | None
    detail: str
    retry_after: float | None = None
    problem_type: str = ""
    misconfigured: bool = False


def read_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime | None = None,
    *,
    secrets: Sequence[str] = (),
) -> Answer:
    """Make an answer of an HTTP response; RFC 9457 problems are understood, `secrets` masked."""
    if status < Http.MULTIPLE_CHOICES:
        return Answer(status, "")  # it was accepted; what else it says is nobody's affair
    problem = _problem(headers.get("Content-Type", ""), body)
    text = ": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key))
    text = text or body.decode(errors="replace")
    if status < Http.BAD_REQUEST and (place := headers.get("Location")):
        text = f"{text} redirects to {place.partition('?')[0]}"
    return Answer(
        status,
        in_short(text, secrets),
        retry_after(headers.get("Retry-After"), headers.get("Date"), now),
        str(problem.get("type", "")),
    )


def in_short(text: str, secrets: Sequence[str]) -> str:
    """Put a server's words into one line, without the secrets that it may repeat.

    A toy of a secret is none: masking it would garble the words.
    """
    for secret in secrets:
        text = text.replace(secret, "***") if len(secret) >= _SECRET_LENGTH else text
    return " ".join(text.split())[:DETAIL_LIMIT]


def retry_after(value: str | None, date: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a `Retry-After` asks for.

    A date is measured against the server's own `Date`, so that clocks that differ do not matter.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        seconds = float(text)
        return seconds if isfinite(seconds) else None
    until, sent = _http_date(text), _http_date(date)
    if until is None:
        return None
    return max(0.0, (until - (sent or now or datetime.now(timezone.utc))).total_seconds())


def _http_date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):  # which of them depends on Python's version
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _problem(content_type: str, body: bytes) -> dict[str, Any]:
    if "json" not in content_type:
        return {}
    try:
        problem = from_json(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
