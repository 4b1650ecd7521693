"""What the API says about its quota, in the answers themselves."""

import math
from collections.abc import Mapping
from email.utils import formatdate
from typing import Literal

from connectors.avstar.sandbox.window import SlidingWindow

Announcement = Literal["none", "ietf", "x"]
"""Headers on every answer: none; `RateLimit-Policy` and `RateLimit` after
draft-ietf-httpapi-ratelimit-headers-10; or `X-RateLimit-*` with the reset in Unix time.
"""

RetryAfter = Literal["seconds", "date", "none"]
"""Form of `Retry-After` on a 429: whole seconds, an HTTP-date, or no such header."""


def announce(
    style: Announcement, window: SlidingWindow, now: float, clock: float
) -> Mapping[str, str]:
    """Describe the window in headers; `now` is monotonic, `clock` Unix time."""
    if style == "none":
        return {}
    rate, remaining, reset = window.rate, window.remaining(now), window.reset(now)
    if style == "ietf":
        return {
            "RateLimit-Policy": f'"ingest";q={rate.requests};w={math.ceil(rate.seconds)}',
            "RateLimit": f'"ingest";r={remaining};t={math.ceil(reset)}',
        }
    return {
        "X-RateLimit-Limit": str(rate.requests),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(math.ceil(clock + reset)),
    }


def retry_after(form: RetryAfter, wait: float, clock: float) -> Mapping[str, str]:
    """Say when to come back, rounded up to what the form can express; `clock` is Unix time."""
    if form == "none":
        return {}
    if form == "date":
        return {"Retry-After": formatdate(math.ceil(clock + wait), usegmt=True)}
    return {"Retry-After": str(max(1, math.ceil(wait)))}
