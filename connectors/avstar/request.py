"""One spot as an HTTP request."""

import random

from pydantic_core import to_json

from connectors.records import Spot

_new_span = random.Random().getrandbits  # noqa: S311 - a name and no secret; seeded by the system


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


def headers(spot: Spot, token: str) -> dict[str, str]:
    """Return the headers of one attempt. The request ID is the trace ID, so no search is needed."""
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "X-Request-ID": spot.request_id,
        "traceparent": f"00-{spot.request_id}-{_new_span(64) or 1:016x}-00",
    }
