"""Memory hygiene: collect garbage when the process has grown, and not just now and then."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

from connectors.records import Tally

CHECK_RECORDS = 10_000
GROWTH = 1.15

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Return the memory of this process that is in RAM; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class HeapGuard:
    """Collects when, looked at every 10,000 records, memory has grown by more than 15 %.

    The baseline is the first look, when pools and buffers are warm, and after a collection what
    was left: growth that is no garbage is not collected for again and again.
    """

    def __init__(
        self,
        measure: Callable[[], int] = resident_bytes,
        collect: Callable[[], int] = gc.collect,
    ) -> None:
        self._measure = measure
        self._collect = collect
        self._records = 0
        self._baseline: int | None = None

    def passed(self, _step_id: str, tally: Tally) -> None:
        """Note that a batch passed, and look if it is time to."""
        self._records += tally.records
        if self._records >= CHECK_RECORDS:
            self._records = 0
            self._look()

    def _look(self) -> None:
        size = self._measure()
        if self._baseline is None:
            self._baseline = size
        elif size > self._baseline * GROWTH:
            self._collect()
            self._baseline = max(self._baseline, self._measure())
