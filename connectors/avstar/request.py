"""Spots as an HTTP request: one alone, or several as a bulk request."""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import msgspec

from connectors.records import Spot
from connectors.request_id import REQUEST_ID_DIGITS, UNIT_SEPARATOR
from connectors.trail import new_span

_CONTROL = re.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f]")

_encode = msgspec.json.Encoder().encode


class _Record(msgspec.Struct, omit_defaults=True):
    """What the API reads of a spot; its request ID only in a bulk request."""

    spot_id: str
    station: str
    airtime: str
    duration_sec: int
    advertiser: str
    request_id: str | None = None


def body(spot: Spot) -> bytes:
    """Return the JSON body; strings stand in it exactly as in the export."""
    return _encode(
        _Record(spot.spot_id, spot.station, spot.airtime, spot.duration, spot.advertiser)
    )


def bulk_body(spots: Sequence[Spot]) -> bytes:
    """Return the JSON body of a bulk request: an array of records, each with its request ID."""
    return _encode(
        [
            _Record(
                spot.spot_id,
                spot.station,
                spot.airtime,
                spot.duration,
                spot.advertiser,
                spot.request_id,
            )
            for spot in spots
        ]
    )


def bulk_id(spots: Sequence[Spot]) -> str:
    """Return the request ID of a bulk request, the same whenever the same spots are sent.

    It names the request in logs; what keeps a spot from being scheduled twice is its own.
    """
    text = UNIT_SEPARATOR.join([spot.request_id for spot in spots])
    return sha256(text.encode()).hexdigest()[:REQUEST_ID_DIGITS]


class Named(NamedTuple):
    """The span of an attempt: its trace and ID, and whether it will be exported for certain."""

    trace: str
    span: int
    sampled: bool


def fields(request_id: str, token: str, named: Named | None = None) -> bytes:
    """Return the header lines of one attempt. A spot's request ID is its trace ID.

    So no search is needed. A bulk request names the trace of one of its spots. Without a name the
    span is one that nobody exports.

    Raises:
        ValueError: A value holds a control character.
    """
    trace, span, sampled = named or (request_id, new_span(), False)
    for value in (request_id, trace):
        if not value.isalnum():
            _refuse_control(value)
    return (
        f"{_lasting(token)}X-Request-ID: {request_id}\r\n"
        f"traceparent: 00-{trace}-{span:016x}-{sampled:02x}\r\n"
    ).encode()


def _refuse_control(value: str) -> None:
    """Let no header hold a line break: another would begin there.

    Raises:
        ValueError: It holds one, or another control character.
    """
    if _CONTROL.search(value):
        raise ValueError("a header holds a control character")


@lru_cache(1)  # a token is in use for an hour
def _lasting(token: str) -> str:
    """Return the lines that are the same in every request."""
    _refuse_control(token)
    return f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
