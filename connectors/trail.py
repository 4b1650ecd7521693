"""What was seen of one spot on its way to the API; the times are seconds of the monotonic clock."""

import random
from hashlib import sha256
from typing import Literal, NamedTuple

from connectors.records import DeadLetter, Spot
from connectors.request_id import REQUEST_ID_DIGITS, UNIT_SEPARATOR

_bits = random.Random().getrandbits  # noqa: S311 - names and no secrets; seeded by the system

FELT_SECONDS = 0.001
"""A wait shorter than this is none."""

Why = Literal["token", "quota", "throttled", "breaker", "backoff"]
"""What a spot waited for: a token, its turn in the quota, the end of a pause that the API asked
for, a breaker to close, or to be sent again after a failure."""


class Wait(NamedTuple):
    """A time for which a spot stood still."""

    why: Why
    began: float
    ended: float


class Attempt(NamedTuple):
    """One request: `span` is the ID that its `traceparent` names.

    `error` is one of few words for the kind of its failure, `detail` is for people; `status` is
    None where no answer came. `bulk_id` names the bulk request that it was part of.
    """

    span: int
    number: int
    began: float
    ended: float
    status: int | None
    error: str
    detail: str
    bulk_id: str = ""

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        return self.ended - self.began


class Trail:
    """The way of one spot: its waits and attempts in order.

    `kept` says that it is to be exported, as the `traceparent` of its attempts tells the API;
    `told` counts the steps that have been. `sent` is the request under way, if there is one: its
    span and number, when it began, and the bulk request that it is part of.
    """

    __slots__ = ("began", "export", "kept", "sent", "span", "spot", "steps", "told")

    def __init__(self, spot: Spot, export: str, now: float) -> None:
        self.spot = spot
        self.export = export
        self.began = now
        self.span = new_span()
        self.kept = False
        self.told = 0
        self.steps: list[Wait | Attempt] = []
        self.sent: tuple[int, int, float, str] | None = None

    @property
    def last(self) -> Attempt | None:
        """The last attempt that has ended."""
        for one in reversed(self.steps):
            if isinstance(one, Attempt):
                return one
        return None

    def waited(self, why: Why, began: float, ended: float) -> None:
        """Note a wait, if it was felt."""
        if ended - began >= FELT_SECONDS:
            self.steps.append(Wait(why, began, ended))

    def sends(self, number: int, now: float, bulk_id: str = "") -> int:
        """Note that a request starts; return the ID of its span."""
        span = new_span()
        self.sent = span, number, now, bulk_id
        return span

    def answered(self, status: int | None, error: str, detail: str, now: float) -> Attempt:
        """Note what came of the request under way."""
        assert self.sent  # noqa: S101 - `sends` came before
        span, number, began, bulk_id = self.sent
        attempt = Attempt(span, number, began, now, status, error, detail, bulk_id)
        self.sent = None
        self.steps.append(attempt)
        return attempt

    def abandon(self, now: float) -> None:
        """Note that nobody waits any longer for the request under way, if there is one."""
        if self.sent:
            self.answered(None, "abandoned", "nobody waited for it", now)


def new_span() -> int:
    """Return a new span ID: 64 bits, never 0."""
    return _bits(64) or 1


def new_trace() -> int:
    """Return a new trace ID, for what has no request ID."""
    return _bits(128) or 1


def trace_of_record(checksum: str, offset: int) -> str:
    """Return the trace ID of a record that became no spot, equal in every run over the export.

    A spot's is its request ID.
    """
    text = UNIT_SEPARATOR.join((checksum, str(offset)))
    return sha256(text.encode()).hexdigest()[:REQUEST_ID_DIGITS]


def trace_of(letter: DeadLetter, checksum: str) -> str:
    """Return the trace ID of a dead letter of the export with this checksum."""
    return letter.request_id or trace_of_record(checksum, letter.offset)
