"""How many records the next batch should have."""


class Pace:
    """Sizes batches so that an epoch takes about `seconds`, of `least` to `records` records.

    A batch is an epoch is a checkpoint: at 10 spots a second it is 50 records, so that a crash
    repeats seconds of work; without a quota it is as large as allowed. What a batch waits
    whatever its size, as for its last answers, would eat up a short epoch: it then becomes several
    times as long as that. Time is passed in.
    """

    FIRST = 64
    GROWTH = 8  # an epoch that was quick by chance must not make the next one very long
    PATIENCE = 6
    """Epochs are so many times as long as what they wait in vain: six sevenths are work."""
    LONGEST_SECONDS = 120.0
    """But no longer than this, since a crash repeats it."""

    def __init__(self, records: int, seconds: float, *, least: int = 1) -> None:
        self._records = records
        self._seconds = seconds
        self._least = min(least, records)
        self._next = max(self._least, min(self.FIRST, records))
        self._last: tuple[float, float, int] | None = None

    def batch(self, now: float, idle: float = 0.0) -> int:
        """Return the number of records for a batch that is read at `now`.

        Args:
            now: The time in seconds.
            idle: Seconds that batches have waited so far, all together, whatever their size.
        """
        if self._last is not None:
            then, before, count = self._last
            elapsed = max(now - then, 1e-6)
            waited = min(idle - before, elapsed)
            wanted = min(self.PATIENCE * waited, self.LONGEST_SECONDS)
            fitting = int(count * max(self._seconds, wanted) / max(elapsed - waited, 1e-6))
            self._next = max(self._least, min(fitting, count * self.GROWTH, self._records))
            self._last = None
        return self._next

    def took(self, now: float, count: int, idle: float = 0.0) -> None:
        """Note that a batch of `count` records left at `now`."""
        if count:
            self._last = (now, idle, count)
