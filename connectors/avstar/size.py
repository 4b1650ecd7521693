"""How many spots go in one request, as the API shows that it can take them."""

from http import HTTPStatus as Http

from connectors.avstar.answer import Answer

_TOO_LARGE = int(Http.REQUEST_ENTITY_TOO_LARGE)
_REGROWTH = 20
"""Full requests that were answered in time, until one that was not is forgotten."""


class Size:
    """Most spots of a request: as set, or fewer where the API said, or showed, that it is too many.

    What was too large is not made again, but a size that was answered once is not given up: it may
    have been one spot that was too large. What took too long is tried again little by little. A
    state machine.
    """

    def __init__(self, most: int) -> None:
        self._most = self._large = self._slow = most
        self._answered = 1

    def __call__(self) -> int:
        """Return the most spots that the next request may hold."""
        return min(self._large, self._slow)

    def heard(self, answer: Answer, spots: int) -> None:
        """Note what an answer to a request says of its size."""
        if answer.each is not None:
            self.answered(spots)
        elif answer.status == _TOO_LARGE:
            self.too_large(spots)
        elif answer.given_up:
            self.too_slow(spots)

    def answered(self, spots: int) -> None:
        """Note a request that was answered spot by spot."""
        self._answered = max(self._answered, spots)
        self._large = max(self._large, self._answered)
        if spots >= self():
            self._slow = min(self._most, self._slow + max(1, self._most // _REGROWTH))

    def too_large(self, spots: int) -> None:
        """Note a request that the API called too large."""
        self._large = max(self._answered, min(self._large, (spots + 1) // 2))

    def too_slow(self, spots: int) -> None:
        """Note a request that was not answered in time."""
        self._slow = min(self._slow, (spots + 1) // 2)
