"""How long to wait before an attempt is repeated."""

from hashlib import sha256

_UNTOLD_PAUSE_SECONDS = 1.0
"""Longest first pause after a 429 that does not say how long to wait."""


def backoff(request_id: str, attempt: int, *, base: float, most: float) -> float:
    """Return seconds to wait after attempt number `attempt` (1 is the first) failed.

    Exponential with full jitter: anything from 0 to `base` doubled with each attempt, at most
    `most`. The jitter is drawn from the request ID, so spots spread while every run of the same
    export waits alike.
    """
    ceiling = min(most, base * 2.0 ** min(attempt - 1, 64))
    draw = int.from_bytes(sha256(f"{request_id}:{attempt}".encode()).digest()[:8], "big")
    return ceiling * draw / 2.0**64


def pause(
    request_id: str, throttled: int, told: float | None, *, base: float, most: float
) -> float:
    """Return seconds to pause after a 429: as `told`, or as `backoff` after so many of them."""
    if told is not None:
        return told
    base = max(base, _UNTOLD_PAUSE_SECONDS)
    return backoff(request_id, throttled, base=base, most=max(most, base))
