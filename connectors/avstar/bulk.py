"""What comes back for a bulk request: an answer for each record, or one for all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus as Http
from typing import Any

from pydantic_core import from_json

from connectors.avstar.answer import UNANSWERED, Answer, in_short, read_answer, retry_after, words

RECORD_LIMIT = 2 << 10
"""Bytes of a bulk answer that are waited for, for each record: its words are kept in short."""

_STATUSES = range(Http.OK, 600)


def read_bulk_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime | None = None,
    *,
    secrets: Sequence[str] = (),
) -> Answer:
    """Make an answer of the response to a bulk request.

    A good one holds an array: for each record its `request_id`, a `status` as HTTP has them and,
    where that is an error, the members of a problem (RFC 9457). Records are known by their request
    IDs, in any order; one that is answered twice, or not so that it can be read, is not answered.
    """
    whole = read_answer(status, headers, body, now, secrets=secrets)
    if status >= Http.MULTIPLE_CHOICES:
        return whole
    each: dict[str, Answer] = {}
    told = retry_after(headers, now)
    for record in _records(body):
        name = str(record.get("request_id"))
        each[name] = UNANSWERED if name in each else _answer(record, told, secrets)
    return whole._replace(each=each, retry_after=told)


def as_whole(answer: Answer, request_ids: Iterable[str]) -> Answer:
    """Return a bulk answer, or that it says nothing of any record that was sent.

    What says so for the first time is no bulk endpoint; later something kept it from being read.
    """
    each = answer.each
    if each is None or any(each.get(name, UNANSWERED) is not UNANSWERED for name in request_ids):
        return answer
    detail = f"answered {answer.status}, but says nothing of the records that were sent"
    return UNANSWERED._replace(detail=detail, misconfigured=True, announced=answer.announced)


def _records(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        found = from_json(body)
    except ValueError:
        return
    if isinstance(found, list):
        yield from (record for record in found if isinstance(record, dict))


def _answer(record: dict[str, Any], told: float | None, secrets: Sequence[str]) -> Answer:
    status = record.get("status")
    if not isinstance(status, int) or status not in _STATUSES:
        return UNANSWERED
    if status < Http.MULTIPLE_CHOICES:
        return Answer(status, "")
    kind = str(record.get("type", ""))
    return Answer(status, in_short(words(record), secrets), told, kind)
