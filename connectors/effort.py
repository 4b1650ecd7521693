"""What delivery took, batch by batch, beside what became of the spots."""

from typing import NamedTuple

from connectors.records import Span


class Effort(NamedTuple):
    """What it took to settle the `spots` of one batch.

    `attempts` are the requests for each of them, added up: a bulk request counts for every spot in
    it. `parked` are the spots that were in flight when the breaker opened. The others happened on
    the lane while the batch was in its hands: `throttled` answers, openings of the breaker,
    renewals of the token, and for how many seconds a spot that was ready to go waited because the
    API had said so (`paused_seconds`) or because the breaker was open (`breaker_seconds`). For
    `tail_seconds` it had nothing more to send and waited for the last answers. Where a lane has
    several batches of one export in hand at once, the first bears them.
    """

    span: Span
    spots: int
    attempts: int
    parked: int
    throttled: int
    breaker_openings: int
    paused_seconds: float
    breaker_seconds: float
    token_renewals: int
    tail_seconds: float
