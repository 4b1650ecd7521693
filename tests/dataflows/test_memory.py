import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from connectors.records import Span, Tally
from dataflows.memory import CHECK_RECORDS, HeapGuard, resident_bytes, spared

ROOT = Path(__file__).parents[2]
SPAN = Span("day", "ab" * 32, "lane-0", 0, 1, 2)


class Heap:
    """A heap of given sizes, one for each look, that counts its collections."""

    def __init__(self, *sizes: int) -> None:
        self._sizes: Iterator[int] = iter(sizes)
        self.collections = 0
        self.looks = 0

    def measure(self) -> int:
        self.looks += 1
        return next(self._sizes)

    def collect(self) -> int:
        self.collections += 1
        return 0


def passing(heap: Heap) -> Callable[[int], None]:
    guard = HeapGuard(heap.measure, heap.collect)
    return lambda records: guard.passed("heap", Tally(SPAN, records, records, 0))


def test_it_looks_every_ten_thousand_records() -> None:
    heap = Heap(100, 100)
    passed = passing(heap)
    for _ in range(3):
        passed(CHECK_RECORDS // 2 - 1)
    assert heap.looks == 1
    passed(1)
    assert heap.looks == 1
    passed(CHECK_RECORDS)
    assert heap.looks == 2


def test_growth_of_more_than_fifteen_percent_is_collected() -> None:
    heap = Heap(1000, 1151, 1000)
    passed = passing(heap)
    passed(CHECK_RECORDS)
    passed(CHECK_RECORDS)
    assert heap.collections == 1


def test_growth_up_to_fifteen_percent_is_left_alone() -> None:
    heap = Heap(1000, 1149, 900)
    passed = passing(heap)
    for _ in range(3):
        passed(CHECK_RECORDS)
    assert heap.collections == 0


def test_what_a_collection_leaves_is_the_new_baseline() -> None:
    heap = Heap(1000, 2000, 1900, 2100)
    passed = passing(heap)
    for _ in range(3):
        passed(CHECK_RECORDS)
    assert heap.collections == 1


def test_a_heap_that_shrank_does_not_lower_the_baseline() -> None:
    heap = Heap(1000, 2000, 500, 1100)
    passed = passing(heap)
    for _ in range(3):
        passed(CHECK_RECORDS)
    assert heap.collections == 1


def heap_sizes(allocator: str, way: str) -> tuple[int, ...]:
    """First, largest and smallest later size of a process whose garbage is in cycles."""
    done = subprocess.run(
        [sys.executable, "benchmarks/heap.py", "--one", way],
        cwd=ROOT,
        env={**os.environ, "PYTHONMALLOC": allocator, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize("allocator", ["pymalloc", "malloc"])
def test_real_garbage_in_cycles_is_collected_and_its_memory_given_back(allocator: str) -> None:
    first, most, least = heap_sizes(allocator, "guarded")
    assert most < 2 * first
    assert least <= first
    first, most, _ = heap_sizes(allocator, "unguarded")
    assert most > 3 * first  # else there was nothing to guard against


def test_the_memory_of_this_process_is_some_megabytes() -> None:
    assert 1 << 20 < resident_bytes() < 1 << 36


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """Count the collections of a run."""
    begun: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            begun.append(info["generation"])

    with spared():
        gc.callbacks.append(note)
        yield begun
        gc.callbacks.remove(note)


def test_a_batch_comes_and_goes_without_a_collection(collections: list[int]) -> None:
    batch = [[line] for line in range(40_000)]
    del batch

    assert collections == []


def test_what_goes_in_circles_is_collected_yet(collections: list[int]) -> None:
    for _ in range(60_000):
        circle: list[object] = []
        circle.append(circle)

    assert collections


def test_afterwards_the_collector_is_as_it_was() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()

    with suppress(ValueError), spared():
        assert gc.get_threshold() != before[0]
        assert gc.get_freeze_count() > before[1]
        raise ValueError

    assert (gc.get_threshold(), gc.get_freeze_count()) == before
