from collections.abc import Callable, Iterator

from connectors.records import Span, Tally
from dataflows.memory import CHECK_RECORDS, HeapGuard, resident_bytes

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


def test_the_memory_of_this_process_is_some_megabytes() -> None:
    assert 1 << 20 < resident_bytes() < 1 << 36
