"""How many requests may be in flight: fewer while connections fail, then slowly more again."""

_CLUSTER = 24
"""Score that is no chance: 12 troubles in a row. At 15 % of random ones it comes once in 34 million
answers, at 35 % once in 211, at 50 % once in 46."""

_TROUBLE = 2
"""What a trouble adds for the 1 that a good answer takes away: a third is the break-even."""


class Congestion:
    """Additive increase, multiplicative decrease of the requests in flight, from `most` to 1.

    A trouble is an attempt that got no answer: a connection error or a timeout. The limit halves
    when troubles cluster and grows by one with every round of answers, a round being as many as the
    limit. What tells a cluster from chance is a score: it rises with troubles, falls with answers,
    and drifts to 0 unless more than a third are troubles. Where more than `_CLUSTER` requests are
    in flight it takes half a round of troubles.

    A state machine without a clock. `falls` counts how often the limit fell; it stands in every
    admission, so that what was under way at a fall does not count again.
    """

    def __init__(self, most: int) -> None:
        self.limit = most
        self.falls = 0
        self._most = most
        self._score = 0
        self._round = 0

    def succeeded(self, falls: int) -> bool:
        """Note an answer to a request admitted after `falls`; True if the limit is full again."""
        if falls != self.falls:
            return False
        self._score = max(0, self._score - 1)
        if self.limit == self._most:
            return False
        self._round += 1
        if self._round < self.limit:
            return False
        self._round = 0
        self.limit += 1
        return self.limit == self._most

    def failed(self, falls: int) -> bool:
        """Note a trouble of a request admitted after `falls`; True if the limit is less now."""
        if falls != self.falls:
            return False
        self._score += _TROUBLE
        if self._score < max(_CLUSTER, self.limit):
            return False
        before = self.limit
        self.limit = max(1, before // 2)
        self.falls += 1
        self._score = self._round = 0
        return self.limit < before
