"""Spans of what was seen, as the conventions for HTTP clients want them, and OTLP writes them."""

import time
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from connectors.records import DeadLetter, Receipt, Span
from connectors.telemetry.wire import Key, Value, attribute, block, often, utf8
from connectors.trail import Attempt, Trail, Wait, new_span, trace_of_record

SPAN: Final = b"\x12"
"""Tag of a span among those of one scope."""

WAITS = {
    "token": "wait for token",
    "quota": "wait for quota",
    "throttled": "pause told by API",
    "breaker": "wait for breaker",
    "backoff": "backoff",
}

_CONFLICT = 409
"""An answer that is good news: the spot is there already."""

_INTERNAL, _CLIENT = 1, 3
_FLAGS, _LINK_FLAGS = b"\x85\x01\x00\x01\x00\x00", b"\x35\x00\x01\x00\x00"
"""That the parent, and the span that is linked, are none of another process."""

_UNSET = b"\x7a\x00"
"""The status of what came to no bad end."""

_TRACE, _OWN, _PARENT = b"\x0a\x10", b"\x12\x08", b"\x22\x08"
_ids = Struct(">2s16s2sQ").pack
_times = Struct("<BQBQ").pack
_BEGAN, _ENDED = 0x39, 0x41

_SPOT_ID, _STATION, _AIRTIME = Key("avstar.spot.id"), Key("avstar.station"), Key("avstar.airtime")
_EXPORT, _LINE, _OFFSET = Key("avstar.export"), Key("avstar.line"), Key("avstar.offset")
_OUTCOME, _ATTEMPTS, _ERROR = Key("avstar.outcome"), Key("avstar.attempts"), Key("error.type")
_BULK_ID = Key("avstar.bulk_id")
_STATUS, _RESENT = Key("http.response.status_code"), Key("http.request.resend_count")


class Place(NamedTuple):
    """The IDs of a span and of its trace."""

    trace: int
    span: int


class Spans:
    """Writes spans that can be sent as they are.

    Args:
        url: Where spots are posted.
        run: The span that all others link to.
    """

    def __init__(self, url: str, run: Place) -> None:
        parts = urlsplit(url)
        linked = _TRACE + _sixteen(run.trace) + _OWN + _eight(run.span)
        link = block(b"\x6a", linked + _LINK_FLAGS)
        server: dict[str, Value] = {
            "http.request.method": "POST",
            "url.full": url,
            "server.address": parts.hostname or "",
            "server.port": parts.port or {"https": 443}.get(parts.scheme, 80),
        }
        self._post = _head("POST", _CLIENT) + _attributes(server)
        self._firsts: dict[int | None, bytes] = {}
        self._spot = _head("deliver spot") + link
        self._rejected = _head("reject record") + link
        self._waits = {why: _head(name) + _UNSET for why, name in WAITS.items()}
        self._epoch = time.time_ns() - int(time.monotonic() * 1e9)

    def steps(self, trail: Trail, steps: Iterable[Wait | Attempt]) -> Iterator[bytes]:
        """Write the spans of waits and attempts, children of the spot's."""
        trace, parent = bytes.fromhex(trail.spot.request_id), _PARENT + _eight(trail.span)
        for step in steps:
            own = step.span if isinstance(step, Attempt) else new_span()
            about = self._attempt(step) if isinstance(step, Attempt) else self._waits[step.why]
            yield self._span(trace, own, (step.began, step.ended), parent, about)

    def spot(self, trail: Trail, outcome: str, detail: str, ended: float) -> bytes:
        """Write the span of a whole spot; one with a `detail` came to no good end."""
        spot, last = trail.spot, trail.last
        return self._span(
            bytes.fromhex(spot.request_id),
            trail.span,
            (trail.began, ended),
            self._spot,
            _SPOT_ID.text(spot.spot_id),
            _AIRTIME.text(spot.airtime),
            often((_STATION, spot.station), (_EXPORT, trail.export), (_OUTCOME, outcome)),
            _LINE.number(spot.line),
            _OFFSET.number(spot.offset),
            _ATTEMPTS.number(last.number if last else 0),
            _failed(outcome, detail) if detail else _UNSET,
        )

    def rejected(self, span: Span, letter: DeadLetter) -> bytes:
        """Write the one span of a record that became no spot."""
        now = time.monotonic()
        return self._span(
            bytes.fromhex(trace_of_record(span.checksum, letter.offset)),
            new_span(),
            (now, now),
            self._rejected,
            often((_EXPORT, span.export), (_OUTCOME, letter.reason)),
            _LINE.number(letter.line),
            _OFFSET.number(letter.offset),
            _failed(letter.reason, letter.detail),
        )

    def run(  # noqa: PLR0913 - what it is made of
        self,
        name: str,
        own: Place,
        times: tuple[float, float],
        attributes: Mapping[str, Value],
        *,
        parent: Place | None = None,
        error: str = "",
    ) -> bytes:
        """Write a span of the run itself, from one time to another."""
        return self._span(
            _sixteen(own.trace),
            own.span,
            times,
            _PARENT + _eight(parent.span) if parent else b"",
            _head(name),
            _attributes(attributes),
            _error(error) if error else _UNSET,
        )

    def _attempt(self, attempt: Attempt) -> bytes:
        status = attempt.status
        good = not attempt.error or status == _CONFLICT
        if good and attempt.number == 1 and not attempt.bulk_id:  # as nearly all are
            if (about := self._firsts.get(status)) is None:
                about = self._firsts[status] = self._post + _answer(status) + _UNSET
            return about
        about = self._post + _answer(status)
        if attempt.bulk_id:
            about += _BULK_ID.text(attempt.bulk_id)
        if attempt.number > 1:
            about += _RESENT.number(attempt.number - 1)
        return about + (_UNSET if good else _failed(attempt.error, attempt.detail))

    def _span(self, trace: bytes, own: int, times: tuple[float, float], *about: bytes) -> bytes:
        began, ended = times
        epoch = self._epoch
        moments = _times(_BEGAN, epoch + int(began * 1e9), _ENDED, epoch + int(ended * 1e9))
        return block(SPAN, b"".join((_ids(_TRACE, trace, _OWN, own), moments, *about)))


def outcome_of(one: Receipt | DeadLetter) -> tuple[str, str]:
    """Return what became of a spot in one word, and why it came to no good end if it did."""
    if isinstance(one, Receipt):
        return one.outcome, ""
    return one.reason, one.detail or one.reason


def _head(name: str, kind: int = _INTERNAL) -> bytes:
    """Write what all spans of one name have."""
    return block(b"\x2a", name.encode()) + b"\x30%c" % kind + _FLAGS


def _attributes(attributes: Mapping[str, Value]) -> bytes:
    return b"".join(attribute(name, value) for name, value in attributes.items())


def _answer(status: int | None) -> bytes:
    return b"" if status is None else _STATUS.number(status)


def _failed(word: str, detail: str) -> bytes:
    return often((_ERROR, word)) + _error(detail)


def _error(detail: str) -> bytes:
    return block(b"\x7a", block(b"\x12", utf8(detail)) + b"\x18\x02")


def _sixteen(trace: int) -> bytes:
    return trace.to_bytes(16, "big")


def _eight(span: int) -> bytes:
    return span.to_bytes(8, "big")
