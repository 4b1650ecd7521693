"""When the next request may start."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.limiter import BURST_LEAST, CLOCK_SLACK, GRACE_SECONDS, WindowLimiter
from connectors.avstar.rate import Rate

IN_FLIGHT = 3


def old(rate: Rate) -> WindowLimiter:
    """Make a limiter that began long before time 0."""
    return WindowLimiter(rate, IN_FLIGHT, -1000 * rate.seconds)


def test_with_the_whole_quota_in_flight_nothing_starts_before_one_finishes():
    limiter = old(Rate(2, 1))
    limiter.start(0.0)
    limiter.start(0.5)

    assert limiter.wait(1e9) == math.inf
    limiter.finish(2e9)
    assert limiter.wait(2e9) == pytest.approx(1 + CLOCK_SLACK)


def test_a_place_comes_back_a_window_after_the_request_finished():
    limiter = old(Rate(1, 60))
    limiter.start(0.0)
    limiter.finish(5.0)

    assert limiter.wait(5.0) == pytest.approx(60 * (1 + CLOCK_SLACK))
    assert limiter.wait(65.0) == pytest.approx(0.06)
    assert limiter.wait(65.07) == 0


def test_a_place_of_a_request_that_was_given_up_comes_back_later_by_the_grace_time():
    limiter = old(Rate(1, 60))
    limiter.start(0.0)
    limiter.give_up(5.0)

    assert limiter.wait(5.0) == pytest.approx(60.06 + GRACE_SECONDS)
    assert limiter.wait(70.0) == pytest.approx(5.06)
    assert limiter.wait(75.07) == 0


def test_a_short_window_makes_no_request_come_sooner():
    limiter = old(Rate(1, 2))
    limiter.start(0.0)
    limiter.give_up(0.0)

    assert limiter.wait(0.0) == pytest.approx(2.002 + GRACE_SECONDS)


def test_requests_given_up_let_twice_as_many_on_their_way_as_may_be_in_flight():
    limiter = old(Rate(100, 1))
    for _ in range(2 * IN_FLIGHT):
        assert limiter.wait(0.5) == 0
        limiter.start(0.5)
        limiter.give_up(0.5)

    assert limiter.wait(0.5) == pytest.approx(GRACE_SECONDS)
    assert limiter.wait(0.5 + GRACE_SECONDS) == 0


def test_with_twice_as_many_in_flight_nothing_starts_before_one_finishes():
    limiter = old(Rate(100, 1))
    for _ in range(2 * IN_FLIGHT):
        limiter.start(0.0)

    assert limiter.wait(0.9) == math.inf
    limiter.finish(0.9)
    assert limiter.wait(0.9) == 0


def test_the_flow_is_paced_between_starts():
    limiter = old(Rate(10, 1))
    for _ in range(BURST_LEAST + 1):
        assert limiter.wait(0.0) == 0
        limiter.start(0.0)
        limiter.finish(0.0)

    assert limiter.wait(0.0) == pytest.approx(0.1)
    assert limiter.wait(0.1) == 0


def test_a_new_limiter_waits_for_what_may_come_late_and_then_takes_its_window_as_evenly_used():
    limiter = WindowLimiter(Rate(600, 60), 20, 1000.0)
    starts, now = [], 1000.0
    while len(starts) < 600:
        if wait := limiter.wait(now):
            now += wait
        else:
            limiter.start(now)
            limiter.finish(now)
            starts.append(now - 1000)

    assert starts[0] == pytest.approx(GRACE_SECONDS)
    by_ten_seconds = [sum(at < end for at in starts) for end in (10, 20, 30, 40, 50, 60)]
    evenly = [100 * n - 40 - 31 for n in range(1, 7)]
    assert by_ten_seconds[0] == 0
    assert by_ten_seconds[1:] == pytest.approx(evenly[1:], abs=2)


def test_a_new_limiter_with_less_quota_than_may_be_on_its_way_waits_for_all_of_it():
    limiter = WindowLimiter(Rate(30, 60), 20, 1000.0)

    assert limiter.wait(1000.0) == pytest.approx(GRACE_SECONDS)
    assert limiter.wait(1010.0) == pytest.approx(60.06)
    assert limiter.wait(1071.0) == 0


def test_what_is_in_flight_or_in_the_window_is_used_and_lets_go_though_nobody_waits():
    limiter = old(Rate(4, 1))
    assert limiter.used(0.0) == 0
    limiter.start(0.0)
    limiter.start(0.0)
    assert limiter.used(0.1) == 0.5
    limiter.finish(0.5)
    assert limiter.used(1.4) == 0.5
    assert limiter.used(1.6) == 0.25
    limiter.finish(1.6)
    assert limiter.used(60.0) == 0


@given(st.integers(1, 40), st.integers(0, 60))
def test_the_share_in_use_is_never_more_than_all(requests, in_flight):
    limiter = WindowLimiter(Rate(requests, 1), IN_FLIGHT, 0.0)
    for _ in range(in_flight):
        limiter.start(0.0)

    assert limiter.used(0.0) == min(1.0, in_flight / requests)
