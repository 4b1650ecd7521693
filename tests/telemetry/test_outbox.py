import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from connectors.telemetry.outbox import Outbox
from connectors.telemetry.settings import Pipe

SECONDS = 30
SLOW = Pipe(queue=10, batch=4, delay=3600)


class Collector:
    """Takes batches, or hangs until it is let go."""

    def __init__(self, *, taken: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.taken = taken
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked = threading.Event()

    def send(self, batch: Sequence[int]) -> bool:
        self.asked.set()
        self.go_on.wait(SECONDS)
        self.batches.append(list(batch))
        return self.taken


@pytest.fixture
def counts() -> Counter[str]:
    return Counter()


@pytest.fixture
def count(counts: Counter[str]) -> Callable[[str, int], None]:
    return lambda fate, number: counts.update({fate: number})


def test_all_is_sent_in_order_and_in_batches(counts, count):
    collector = Collector()
    outbox = Outbox("test", Pipe(queue=100, batch=4, delay=3600), collector.send, count)
    outbox.put(*range(3))
    outbox.put(*range(3, 10))
    outbox.close(SECONDS)
    assert [one for batch in collector.batches for one in batch] == list(range(10))
    assert max(map(len, collector.batches)) <= 4
    assert counts == Counter(sent=10)


def test_a_full_batch_does_not_wait_for_the_delay(count):
    collector = Collector()
    outbox = Outbox("test", SLOW, collector.send, count)
    outbox.put(*range(4))
    assert collector.asked.wait(SECONDS)
    outbox.close(SECONDS)


def test_what_comes_while_a_batch_is_sent_waits_for_a_full_one(count):
    collector = Collector()
    collector.go_on.clear()
    outbox = Outbox("test", SLOW, collector.send, count)
    outbox.put(*range(4))
    assert collector.asked.wait(SECONDS)
    outbox.put(4)
    collector.go_on.set()
    outbox.put(*range(5, 8))
    outbox.close(SECONDS)
    assert collector.batches == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_what_fills_no_batch_is_sent_after_the_delay(count):
    collector = Collector()
    outbox = Outbox("test", Pipe(queue=10, batch=4, delay=0.01), collector.send, count)
    outbox.put(1)
    assert collector.asked.wait(SECONDS)
    outbox.close(SECONDS)
    assert collector.batches == [[1]]


def test_what_finds_no_place_is_dropped_whole(counts, count):
    collector = Collector()
    collector.go_on.clear()
    outbox = Outbox("test", SLOW, collector.send, count)
    outbox.put(*range(4))
    assert collector.asked.wait(SECONDS)
    outbox.put(*range(8))
    outbox.put(8, 9, 10)
    outbox.put(11)
    assert counts == Counter(dropped=3)
    collector.go_on.set()
    outbox.close(SECONDS)
    assert counts == Counter(dropped=3, sent=13)


def test_what_the_collector_does_not_take_is_dropped(counts, count):
    outbox = Outbox("test", SLOW, Collector(taken=False).send, count)
    outbox.put(*range(6))
    outbox.close(SECONDS)
    assert counts == Counter(dropped=6)


def test_an_exporter_that_raises_ends_nothing(counts, count):
    def send(batch: Sequence[int]) -> bool:
        if batch[0] == 0:
            raise ValueError("broken")
        return True

    outbox = Outbox("test", SLOW, send, count)
    outbox.put(*range(8))
    outbox.close(SECONDS)
    assert counts == Counter(dropped=4, sent=4)


def test_a_collector_that_hangs_is_not_waited_for_and_all_counts_as_dropped(counts, count):
    collector = Collector()
    collector.go_on.clear()
    outbox = Outbox("test", SLOW, collector.send, count)
    outbox.put(*range(10))
    assert collector.asked.wait(SECONDS)
    outbox.close(0.01)
    assert counts == Counter(dropped=10)
    collector.go_on.set()


def test_what_comes_after_the_end_is_dropped(counts, count):
    outbox = Outbox("test", SLOW, Collector().send, count)
    outbox.close(SECONDS)
    outbox.put(1)
    assert counts == Counter(dropped=1)


def test_what_comes_while_the_thread_sees_that_nothing_is_left_is_sent(counts, count):
    class Overtaken(Outbox[int]):
        def _send_all(self, least: int) -> None:
            super()._send_all(least)
            if not self._closing:
                self.put(1)
                closing.start()
                while not self._closing:
                    time.sleep(0.001)

    collector = Collector()
    outbox = Overtaken("test", Pipe(queue=9, batch=1, delay=3600), collector.send, count)
    closing = threading.Thread(target=outbox.close, args=(SECONDS,))
    outbox.put(0)
    outbox._thread.join(SECONDS)
    closing.join(SECONDS)
    assert collector.batches == [[0], [1]]
    assert counts == Counter(sent=2)


def test_a_batch_that_is_taken_after_all_counts_once(counts, count):
    collector = Collector()
    collector.go_on.clear()
    outbox = Outbox("test", SLOW, collector.send, count)
    outbox.put(*range(4))
    assert collector.asked.wait(SECONDS)
    outbox.close(0.01)
    collector.go_on.set()
    outbox._thread.join(SECONDS)
    assert counts == Counter(dropped=4)


def test_room_is_told_before_anything_is_made_for_it(counts, count):
    outbox = Outbox("test", SLOW, Collector().send, count)
    assert outbox.has_room(10)
    assert not outbox.has_room(11)
    outbox.close(SECONDS)
    assert counts == Counter(dropped=11)
