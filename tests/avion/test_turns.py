from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.avion.turns import Turns


@pytest.fixture
def worker():
    """Run something in a thread of its own, as another worker does."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function, *args: pool.submit(function, *args).result()


def test_the_lanes_of_a_worker_take_turns_in_their_order():
    turns = Turns()
    late, early = turns.join(5, 0), turns.join(2, 0)
    assert (early.has_come(), late.has_come()) == (True, False)
    early.move(None)
    assert (early.has_come(), late.has_come()) == (False, True)


def test_the_lanes_of_two_workers_do_not_wait_for_each_other(worker):
    turns = Turns()
    mine, theirs = turns.join(0, 0), worker(turns.join, 1, 0)
    assert mine.has_come()
    assert theirs.has_come()


def test_a_turn_belongs_to_the_worker_that_joined_whoever_asks(worker):
    turns = Turns()
    first, second = worker(turns.join, 0, 0), worker(turns.join, 1, 0)
    assert first.has_come()
    assert not second.has_come()
    first.move(None)
    assert worker(second.has_come)


def test_leaving_twice_changes_nothing():
    turns = Turns()
    first, second, third = (turns.join(lane, 0) for lane in range(3))
    first.move(None)
    first.move(None)
    assert second.has_come()
    assert not third.has_come()


def test_a_lane_that_leaves_before_its_turn_is_passed_over():
    turns = Turns()
    first, second, third = (turns.join(lane, 0) for lane in range(3))
    second.move(None)
    first.move(None)
    assert third.has_come()


def test_only_workers_that_still_read_share_the_records(worker):
    turns = Turns()
    mine, other, theirs = turns.join(0, 0), turns.join(2, 0), worker(turns.join, 1, 0)
    assert mine.workers() == 2
    theirs.move(None)
    assert mine.workers() == 1
    mine.move(None)
    other.move(None)
    assert mine.workers() == 1


def test_all_lanes_finish_an_export_before_one_begins_the_next():
    turns = Turns()
    first, second = turns.join(0, 0), turns.join(1, 0)
    first.move(1)
    assert second.has_come()
    second.move(1)
    assert first.has_come()
