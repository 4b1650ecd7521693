import random
from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.rate import Rate
from connectors.avstar.sandbox.window import SlidingWindow


def test_as_many_requests_as_the_quota_are_admitted_at_once():
    window = SlidingWindow(Rate(3, 60))
    assert [window.admit(0.0) for _ in range(5)] == [True, True, True, False, False]


def test_a_place_comes_back_only_when_its_request_is_older_than_the_window():
    window = SlidingWindow(Rate(1, 60))
    window.admit(10.0)
    assert not window.admit(69.9)
    assert not window.admit(70.0)
    assert window.admit(70.001)


def test_a_burst_across_a_minute_is_not_two_quotas():
    window = SlidingWindow(Rate(10, 60))
    assert all(window.admit(59.0) for _ in range(10))
    assert not any(window.admit(61.0) for _ in range(10))


def test_refused_requests_take_no_place():
    window = SlidingWindow(Rate(1, 60))
    window.admit(0.0)
    for second in range(1, 60):
        assert not window.admit(float(second))
    assert window.admit(60.5)


def test_remaining_counts_down_and_comes_back():
    window = SlidingWindow(Rate(2, 60))
    assert window.remaining(0.0) == 2
    window.admit(0.0)
    window.admit(30.0)
    assert window.remaining(30.0) == 0
    assert window.remaining(61.0) == 1
    assert window.remaining(91.0) == 2


def test_the_wait_is_until_the_oldest_request_leaves():
    window = SlidingWindow(Rate(2, 60))
    window.admit(0.0)
    window.admit(30.0)
    assert window.wait(45.0) == 15.0


def test_there_is_no_wait_while_there_is_a_place():
    window = SlidingWindow(Rate(2, 60))
    window.admit(0.0)
    assert window.wait(1.0) == 0.0


def test_the_reset_is_when_the_next_place_comes_back():
    window = SlidingWindow(Rate(2, 60))
    assert window.reset(0.0) == 0.0
    window.admit(0.0)
    assert window.reset(20.0) == 40.0


def test_the_log_holds_no_more_than_the_quota():
    window = SlidingWindow(Rate(5, 1))
    dice = random.Random(7)
    now = 0.0
    for _ in range(10_000):
        now += dice.expovariate(20)
        window.admit(now)
        assert len(window._admitted) <= 5


@given(
    requests=st.integers(1, 8),
    gaps=st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.5, 10.0]), max_size=80),
)
def test_no_window_anywhere_holds_more_than_the_quota_and_no_place_is_wasted(requests, gaps):
    window = SlidingWindow(Rate(requests, 10))
    now, admitted = 0.0, []
    for gap in gaps:
        now += gap
        recent = len(admitted) - bisect_left(admitted, now - 10)
        assert window.admit(now) == (recent < requests)
        if recent < requests:
            admitted.append(now)
    for start in admitted:
        assert bisect_right(admitted, start + 10) - bisect_left(admitted, start) <= requests


@pytest.mark.parametrize("pause", [10.0, 1e9])
def test_a_long_pause_gives_back_the_whole_quota(pause):
    window = SlidingWindow(Rate(4, 5))
    for _ in range(4):
        window.admit(0.0)
    assert window.remaining(pause) == 4
