"""What became of what was to be sent."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping


class Counts:
    """Counts by signal and fate, from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def of(self, signal: str) -> Callable[[str, int], None]:
        """Return what counts the fates of a signal; of none so far, as whoever looks now sees."""

        def count(fate: str, number: int) -> None:
            with self._lock:
                self._counts[signal, fate] += number

        for fate in ("sent", "dropped"):
            count(fate, 0)
        return count

    def met(self, fate: str) -> Mapping[str, int]:
        """Return how many of each signal met a fate."""
        with self._lock:
            return {signal: count for (signal, one), count in self._counts.items() if one == fate}
