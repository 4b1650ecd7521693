"""Leave to send one request."""

from typing import NamedTuple


class Admission(NamedTuple):
    """Leave to make one attempt: when it was given, and what had happened until then.

    `openings` are the breaker's, `falls` those of the limit of requests in flight, `left` the
    requests that had left the limiter's window; `probe` says that it is the one attempt that an
    open breaker lets through.
    """

    at: float
    openings: int
    falls: int
    left: int
    probe: bool
