"""Spans of what was seen, as the conventions for HTTP clients want them."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from connectors.records import DeadLetter, Receipt, Span
from connectors.trail import Attempt, Trail, Wait, new_span, trace_of_record

SCOPE = InstrumentationScope("avstar")
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
UNSET = Status(StatusCode.UNSET)

WAITS = {
    "token": "wait for token",
    "quota": "wait for quota",
    "throttled": "pause told by API",
    "breaker": "wait for breaker",
    "backoff": "backoff",
}

_CONFLICT = 409
"""An answer that is good news: the spot is there already."""


def context_of(trace: str, span: int) -> SpanContext:
    """Return the context of an exported span, whose trace ID is written in hex."""
    return SpanContext(int(trace, 16), span, is_remote=False, trace_flags=SAMPLED)


class Spans:
    """Makes spans that can be sent as they are.

    Args:
        resource: Who speaks.
        url: Where spots are posted.
        run: The span that all others link to.
    """

    def __init__(self, resource: Resource, url: str, run: SpanContext) -> None:
        parts = urlsplit(url)
        self._resource = resource
        self._links = (Link(run),)
        self._server: dict[str, Any] = {
            "http.request.method": "POST",
            "url.full": url,
            "server.address": parts.hostname or "",
            "server.port": parts.port or {"https": 443}.get(parts.scheme, 80),
        }
        self._epoch = time.time_ns() - int(time.monotonic() * 1e9)

    def steps(self, trail: Trail, steps: Iterable[Wait | Attempt]) -> Iterator[ReadableSpan]:
        """Make the spans of waits and attempts, children of the spot's."""
        parent = context_of(trail.spot.request_id, trail.span)
        for step in steps:
            if isinstance(step, Attempt):
                yield self._attempt(step, parent)
            else:
                own = SpanContext(parent.trace_id, new_span(), is_remote=False, trace_flags=SAMPLED)
                yield self._span(WAITS[step.why], own, step.began, step.ended, parent=parent)

    def spot(self, trail: Trail, outcome: str, detail: str, ended: float) -> ReadableSpan:
        """Make the span of a whole spot; one with a `detail` came to no good end."""
        spot, last = trail.spot, trail.last
        attributes: dict[str, Any] = {
            "avstar.spot.id": spot.spot_id,
            "avstar.station": spot.station,
            "avstar.airtime": spot.airtime,
            "avstar.export": trail.export,
            "avstar.line": spot.line,
            "avstar.offset": spot.offset,
            "avstar.outcome": outcome,
            "avstar.attempts": last.number if last else 0,
        }
        status = Status(StatusCode.ERROR, detail) if detail else UNSET
        if detail:
            attributes["error.type"] = outcome
        own = context_of(spot.request_id, trail.span)
        return self._span(
            "deliver spot", own, trail.began, ended, attributes, status=status, links=self._links
        )

    def rejected(self, span: Span, letter: DeadLetter) -> ReadableSpan:
        """Make the one span of a record that became no spot."""
        own = context_of(trace_of_record(span.checksum, letter.offset), new_span())
        attributes = {
            "avstar.export": span.export,
            "avstar.line": letter.line,
            "avstar.offset": letter.offset,
            "avstar.outcome": letter.reason,
            "error.type": letter.reason,
        }
        now = time.monotonic()
        status = Status(StatusCode.ERROR, letter.detail)
        return self._span(
            "reject record", own, now, now, attributes, status=status, links=self._links
        )

    def run(  # noqa: PLR0913 - what it is made of
        self,
        name: str,
        own: SpanContext,
        times: tuple[float, float],
        attributes: dict[str, Any],
        *,
        parent: SpanContext | None = None,
        error: str = "",
    ) -> ReadableSpan:
        """Make a span of the run itself, from one time to another."""
        status = Status(StatusCode.ERROR, error) if error else UNSET
        return self._span(name, own, *times, attributes, parent=parent, status=status)

    def _attempt(self, attempt: Attempt, parent: SpanContext) -> ReadableSpan:
        attributes = dict(self._server)
        if attempt.status is not None:
            attributes["http.response.status_code"] = attempt.status
        if attempt.number > 1:
            attributes["http.request.resend_count"] = attempt.number - 1
        status = UNSET
        if attempt.error and attempt.status != _CONFLICT:
            attributes["error.type"] = attempt.error
            status = Status(StatusCode.ERROR, attempt.detail)
        own = SpanContext(parent.trace_id, attempt.span, is_remote=False, trace_flags=SAMPLED)
        return self._span(
            "POST",
            own,
            attempt.began,
            attempt.ended,
            attributes,
            parent=parent,
            kind=SpanKind.CLIENT,
            status=status,
        )

    def _span(  # noqa: PLR0913 - what a span is made of
        self,
        name: str,
        own: SpanContext,
        began: float,
        ended: float,
        attributes: dict[str, Any] | None = None,
        *,
        parent: SpanContext | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        status: Status = UNSET,
        links: Sequence[Link] = (),
    ) -> ReadableSpan:
        return ReadableSpan(
            name=name,
            context=own,
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            links=links,
            kind=kind,
            status=status,
            start_time=self._epoch + int(began * 1e9),
            end_time=self._epoch + int(ended * 1e9),
            instrumentation_scope=SCOPE,
        )


def outcome_of(one: Receipt | DeadLetter) -> tuple[str, str]:
    """Return what became of a spot in one word, and why it came to no good end if it did."""
    if isinstance(one, Receipt):
        return one.outcome, ""
    return one.reason, one.detail or one.reason
