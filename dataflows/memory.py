"""Memory hygiene: collect garbage when the process has grown, and not just now and then."""

import ctypes
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from connectors.records import Tally

CHECK_RECORDS = 10_000
GROWTH = 1.15

_YOUNG = 50_000
"""Objects made since a collection, less those gone, that call for another: more than a batch keeps
alive. It is old before it goes, and goes without a collector; with Python's 700 each of its objects
would be looked at three times. What does go in circles is little: some twelve objects of asyncio's
for each connection that fails.
"""

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Return the memory of this process that is in RAM; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@contextmanager
def spared() -> Iterator[None]:
    """Have few collections meanwhile, which pass over what is there already."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def collect() -> None:
    """Collect garbage and hand its memory back to the system.

    The C library keeps what is freed. The guard would take that for what is needed, and collect
    later and later: measured under PYTHONMALLOC=malloc, memory grew five times over.
    """
    gc.collect()
    if trim := _malloc_trim():
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Return the C library's function for it; not every one has it."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


class HeapGuard:
    """Collects when, looked at every 10,000 records, memory has grown by more than 15 %.

    The baseline is the first look, when pools and buffers are warm, and after a collection what
    was left: growth that is no garbage is not collected for again and again.
    """

    def __init__(
        self,
        measure: Callable[[], int] = resident_bytes,
        collect: Callable[[], object] = collect,
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
