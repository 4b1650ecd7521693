"""The requests in flight halve when troubles cluster and climb back by one a round."""

from collections import deque
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.congestion import Congestion

MOST = 20
IN_A_ROW = 12
"""Troubles in a row that are a cluster."""


def fail(congestion: Congestion, count: int) -> list[bool]:
    return [congestion.failed(congestion.falls) for _ in range(count)]


def succeed(congestion: Congestion, count: int) -> list[bool]:
    return [congestion.succeeded(congestion.falls) for _ in range(count)]


@pytest.fixture
def fallen() -> Congestion:
    congestion = Congestion(MOST)
    fail(congestion, IN_A_ROW)
    return congestion


def test_it_begins_with_all_that_is_allowed():
    assert Congestion(MOST).limit == MOST


def test_troubles_in_a_row_halve_it_with_the_last_of_them():
    congestion = Congestion(MOST)

    assert fail(congestion, IN_A_ROW) == [False] * (IN_A_ROW - 1) + [True]
    assert (congestion.limit, congestion.falls) == (MOST // 2, 1)


def test_a_few_troubles_between_answers_change_nothing():
    congestion = Congestion(MOST)

    for _ in range(1000):
        assert not any(fail(congestion, 4))
        assert not any(succeed(congestion, 8))
    assert congestion.limit == MOST


def test_more_than_a_third_of_troubles_is_a_cluster_in_time():
    congestion = Congestion(MOST)

    fell = [fail(congestion, 1) + succeed(congestion, 1) for _ in range(2 * IN_A_ROW)]

    assert [True, False] in fell
    assert congestion.limit < MOST


def test_of_a_hundred_in_flight_a_dozen_is_no_cluster_and_fifty_are():
    congestion = Congestion(100)

    assert not any(fail(congestion, 49))
    assert fail(congestion, 1) == [True]
    assert congestion.limit == 50


def test_what_was_under_way_at_a_fall_does_not_count_again(fallen):
    for _ in range(1000):
        assert not fallen.failed(0)
        assert not fallen.succeeded(0)

    assert (fallen.limit, fallen.falls) == (MOST // 2, 1)


def test_twenty_lost_at_once_are_one_fall():
    congestion = Congestion(MOST)

    assert [congestion.failed(0) for _ in range(MOST)].count(True) == 1
    assert congestion.limit == MOST // 2


def test_it_grows_by_one_with_every_round_of_answers(fallen):
    limits = []
    for _ in range(3):
        succeed(fallen, fallen.limit - 1)
        limits.append(fallen.limit)
        succeed(fallen, 1)

    assert limits == [10, 11, 12]
    assert fallen.limit == 13


def test_it_says_when_it_is_back_at_the_full_and_grows_no_further(fallen):
    told = succeed(fallen, sum(range(MOST // 2, MOST)))

    assert told == [False] * (len(told) - 1) + [True]
    assert fallen.limit == MOST
    assert not any(succeed(fallen, 1000))
    assert fallen.limit == MOST


def test_a_long_outage_leaves_one_in_flight_and_says_so_once():
    congestion = Congestion(MOST)

    fell = fail(congestion, 1000)

    assert congestion.limit == 1
    assert fell.count(True) == 4  # 10, 5, 2, 1
    assert succeed(congestion, 1) == [False]
    assert congestion.limit == 2


def test_answers_before_the_troubles_buy_no_patience():
    congestion = Congestion(MOST)
    succeed(congestion, 1_000_000 // 100)

    assert fail(congestion, IN_A_ROW)[-1]


@given(
    most=st.integers(1, 200),
    answers=st.lists(st.tuples(st.booleans(), st.integers(1, 60), st.booleans())),
)
def test_it_is_always_from_one_to_what_is_allowed_and_comes_back(most, answers):
    congestion = Congestion(most)
    for good, count, late in answers:
        for _ in range(count):
            before, falls = congestion.limit, congestion.falls - late
            full = congestion.succeeded(falls) if good else False
            fell = congestion.failed(falls) if not good else False
            assert 1 <= congestion.limit <= most
            assert fell == (congestion.limit < before)
            assert full == (before < congestion.limit == most)
            assert congestion.limit == before if late else congestion.limit <= before + 1

    succeed(congestion, sum(range(1, most)))
    assert congestion.limit == most


def flow(congestion: Congestion, trouble: Random, share: float, answers: int) -> int:
    """Keep as many in flight as may be, answer them in order, and return the least limit seen."""
    under_way: deque[int] = deque()
    least = congestion.limit
    for _ in range(answers):
        while len(under_way) < congestion.limit:
            under_way.append(congestion.falls)
        falls = under_way.popleft()
        if trouble.random() < share:
            congestion.failed(falls)
        else:
            congestion.succeeded(falls)
        least = min(least, congestion.limit)
    return least


@pytest.mark.parametrize("share", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("most", [1, 4, 20, 100])
@pytest.mark.parametrize("seed", range(3))
def test_random_troubles_up_to_15_percent_never_lower_it(share, most, seed):
    assert flow(Congestion(most), Random(seed), share, 20_000) == most


@pytest.mark.parametrize("seed", range(5))
def test_when_two_thirds_are_lost_hardly_anything_stays_in_flight(seed):
    congestion = Congestion(MOST)

    flow(congestion, Random(seed), 2 / 3, 2_000)

    assert congestion.limit <= 4
