"""What came back from one attempt."""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus as Http
from typing import Any, NamedTuple

from pydantic_core import from_json

from connectors.avstar.announced import Announced, read_announced
from connectors.avstar.http_date import http_date, sent_at

DETAIL_LIMIT = 500
"""Characters of the server's words that are kept: enough to act on."""

_SECRET_LENGTH = 8

_NOT_ACCEPTED = int(Http.MULTIPLE_CHOICES)
"""Statuses from here on. A member of the enum is looked up for as long as all else takes."""

_SECONDS = re.compile(r"\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?)*", re.ASCII)
"""RFC 9110 knows whole seconds only; some servers are more exact, and gateways join headers."""


class Answer(NamedTuple):
    """An HTTP answer, or what happened instead of one (`status` None).

    `detail` is the server's own explanation, `retry_after` seconds to wait as it told us,
    `announced` what it said of the quota. `misconfigured` marks a fault that no repetition mends,
    such as a certificate not trusted; `given_up` that we or a gateway waited no longer, so that
    the API may see the request yet. `each` is what a bulk request brought for the records in it, by
    their request IDs; None if it was answered as a whole.
    """

    status: int | None
    detail: str
    retry_after: float | None = None
    problem_type: str = ""
    misconfigured: bool = False
    given_up: bool = False
    announced: tuple[Announced, ...] = ()
    each: Mapping[str, "Answer"] | None = None

    def of(self, request_id: str) -> "Answer":
        """Return what came back for one record."""
        return self if self.each is None else self.each.get(request_id, UNANSWERED)

    @property
    def error(self) -> str:
        """What kind of failure it is: the status, or a word; nothing if it is none."""
        if self.status is not None:
            return str(self.status) if self.status >= _NOT_ACCEPTED else ""
        if self.problem_type:
            return self.problem_type
        if self.misconfigured:
            return "misconfigured"
        return "timeout" if self.given_up else "connection"


UNANSWERED = Answer(
    None, "the answer to its bulk request says nothing of it", problem_type="unanswered"
)
"""What a record got that a bulk answer leaves out: it may be scheduled or not."""


def read_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime | None = None,
    *,
    secrets: Sequence[str] = (),
) -> Answer:
    """Make an answer of an HTTP response; RFC 9457 problems are understood, `secrets` masked."""
    announced = read_announced(headers, now)
    if status < _NOT_ACCEPTED:  # accepted; what else it says is nobody's affair
        return Answer(status, "", announced=announced)
    problem = _problem(headers.get("Content-Type", ""), body)
    text = words(problem) or body.decode(errors="replace")
    if status < Http.BAD_REQUEST and (place := headers.get("Location")):
        text = f"{text} redirects to {place.partition('?')[0]}"
    return Answer(
        status,
        in_short(text, secrets),
        retry_after(headers, now),
        str(problem.get("type", "")),
        given_up=status == Http.GATEWAY_TIMEOUT,
        announced=announced,
    )


def words(problem: Mapping[str, Any]) -> str:
    """Return what a problem says of itself."""
    return ": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key))


def in_short(text: str, secrets: Sequence[str]) -> str:
    """Put a server's words into one line, without the secrets that it may repeat.

    A toy of a secret is none: masking it would garble the words.
    """
    for secret in secrets:
        text = text.replace(secret, "***") if len(secret) >= _SECRET_LENGTH else text
    text = text.encode(errors="replace").decode()  # headers that are no UTF-8 are no text either
    return " ".join(text.split())[:DETAIL_LIMIT]


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a `Retry-After` asks for, all of them; the longest of several.

    A date is measured against the server's own `Date`, so that clocks that differ do not matter;
    without one against ours, `now`.
    """
    told = [value for name, value in headers.items() if name.lower() == "retry-after"]
    waits = (_wait(text.strip(), headers, now) for text in told)
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(text: str, headers: Mapping[str, str], now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(text):
        return max(min(float(one), sys.float_info.max) for one in text.split(","))
    until = http_date(text)
    return None if until is None else max(0.0, (until - sent_at(headers, now)).total_seconds())


def _problem(content_type: str, body: bytes) -> dict[str, Any]:
    if "json" not in content_type:
        return {}
    try:
        problem = from_json(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
