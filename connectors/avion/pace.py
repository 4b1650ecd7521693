"""How many records the next batch should have."""


class Pace:
    """Sizes batches so that an epoch takes about `seconds`, and never exceeds `records`.

    A batch is an epoch is a checkpoint: at 10 spots a second it is 50 records, so that a crash
    repeats seconds of work; without a quota it is as large as allowed. Time is passed in.
    """

    FIRST = 64
    GROWTH = 8  # an epoch that was quick by chance must not make the next one very long

    def __init__(self, records: int, seconds: float) -> None:
        self._records = records
        self._seconds = seconds
        self._next = min(self.FIRST, records)
        self._last: tuple[float, int] | None = None

    def batch(self, now: float) -> int:
        """Return the number of records for a batch that is read at `now` (seconds)."""
        if self._last is not None:
            then, count = self._last
            elapsed = max(now - then, 1e-6)
            fitting = int(count * self._seconds / elapsed)
            self._next = max(1, min(fitting, count * self.GROWTH, self._records))
            self._last = None
        return self._next

    def took(self, now: float, count: int) -> None:
        """Note that a batch of `count` records left at `now`."""
        if count:
            self._last = (now, count)
