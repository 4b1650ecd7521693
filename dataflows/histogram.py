"""How values are spread."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate


class Histogram:
    """How many values were at most each bound, and their sum."""

    BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
    """Seconds: from an API next door to the longest patience with one by default."""

    def __init__(self) -> None:
        self.sum = 0.0
        self._counts = [0] * (len(self.BOUNDS) + 1)

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.BOUNDS, value)] += 1
        self.sum += value

    def read(self) -> tuple[tuple[int, ...], float]:
        """Return the counts, those beyond all bounds last, and the sum."""
        return tuple(self._counts), self.sum

    def cumulated(self) -> Iterator[tuple[float, int]]:
        """Give each bound, infinity last, with the number of values up to it."""
        return zip((*self.BOUNDS, float("inf")), accumulate(self._counts), strict=True)
