import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.pace import Pace


def test_the_first_batch_is_small():
    assert Pace(5000, 5.0).batch(0.0) == 64


def test_the_first_batch_is_no_larger_than_any_may_be():
    assert Pace(10, 5.0).batch(0.0) == 10


def test_a_quota_of_ten_a_second_gives_batches_of_fifty():
    pace = Pace(5000, 5.0)
    now = 0.0
    for _ in range(3):
        count = pace.batch(now)
        pace.took(now, count)
        now += count / 10
    assert pace.batch(now) == 50


def test_without_a_quota_batches_grow_to_the_limit_and_stay():
    pace = Pace(5000, 5.0)
    sizes = []
    for now in range(5):
        sizes.append(pace.batch(now * 0.001))
        pace.took(now * 0.001, sizes[-1])
    assert sizes == [64, 512, 4096, 5000, 5000]


def test_one_quick_epoch_makes_the_next_batch_eight_times_as_large_at_most():
    pace = Pace(5000, 5.0)
    pace.took(0.0, 10)
    assert pace.batch(0.0) == 80


def test_a_clock_that_stands_still_or_steps_back_divides_by_nothing():
    pace = Pace(5000, 5.0)
    pace.took(10.0, 10)
    assert pace.batch(9.0) == 80


@pytest.mark.parametrize("least", [1, 20])
def test_an_outage_leaves_the_smallest_batches(least):
    pace = Pace(5000, 5.0, least=least)
    pace.took(0.0, 64)
    assert pace.batch(3600.0) == least


@pytest.mark.parametrize(("wait", "work"), [(0.5, 5), (1, 6), (5.5, 33), (15, 90), (30, 120)])
def test_what_a_batch_waits_whatever_its_size_never_eats_up_its_time(wait, work):
    """At ten a second; an epoch of five seconds would be but wait, and batches shrink to one."""
    pace, now, idle = Pace(5000, 5.0), 0.0, 0.0
    for _ in range(10):
        count = pace.batch(now, idle)
        pace.took(now, count, idle)
        now += count / 10 + wait
        idle += wait
    assert pace.batch(now, idle) == pytest.approx(10 * work, rel=0.02)


def test_after_an_outage_batches_grow_again():
    pace = Pace(5000, 5.0)
    pace.took(0.0, 64)
    assert pace.batch(3600.0) == 1
    pace.took(3600.0, 1)
    assert pace.batch(3600.1) == 8


def test_an_empty_batch_says_nothing_about_the_pace():
    pace = Pace(5000, 5.0)
    pace.took(0.0, 0)
    assert pace.batch(3600.0) == 64


def test_the_size_stays_until_a_batch_was_taken():
    pace = Pace(5000, 5.0)
    pace.took(0.0, 100)
    assert [pace.batch(5.0), pace.batch(500.0)] == [100, 100]


@given(
    records=st.integers(1, 5000),
    seconds=st.floats(0.01, 60),
    least=st.integers(1, 50),
    steps=st.lists(
        st.tuples(st.floats(0, 1e4), st.floats(0, 1e4), st.integers(0, 5000)), max_size=20
    ),
)
def test_a_batch_has_always_the_least_records_and_never_more_than_allowed(
    records, seconds, least, steps
):
    pace, now, idle = Pace(records, seconds, least=least), 0.0, 0.0
    for elapsed, waited, taken in steps:
        size = pace.batch(now, idle)
        assert min(least, records) <= size <= records
        pace.took(now, min(taken, size), idle)
        now, idle = now + elapsed, idle + waited


@pytest.mark.parametrize("rate", [3, 10, 200])
def test_an_epoch_takes_the_seconds_asked_for(rate):
    pace, now = Pace(5000, 5.0), 0.0
    for _ in range(10):
        count = pace.batch(now)
        pace.took(now, count)
        now += count / rate
    assert count / rate == pytest.approx(5.0, rel=0.02)
