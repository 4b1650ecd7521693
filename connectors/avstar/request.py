"""One spot as an HTTP request."""

from typing import NamedTuple

from pydantic_core import to_json

from connectors.records import Spot
from connectors.trail import new_span


def body(spot: Spot) -> bytes:
    """Return the JSON body; strings stand in it exactly as in the export."""
    record = {
        "spot_id": spot.spot_id,
        "station": spot.station,
        "airtime": spot.airtime,
        "duration_sec": spot.duration,
        "advertiser": spot.advertiser,
    }
    return to_json(record)


class Named(NamedTuple):
    """The span of an attempt: its ID, and whether it will be exported for certain."""

    span: int
    sampled: bool


def headers(spot: Spot, token: str, named: Named | None = None) -> dict[str, str]:
    """Return the headers of one attempt. The request ID is the trace ID, so no search is needed.

    Without a name the span is one that nobody exports.
    """
    span, sampled = named or (new_span(), False)
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "X-Request-ID": spot.request_id,
        "traceparent": f"00-{spot.request_id}-{span:016x}-{sampled:02x}",
    }
