"""Places left to the processes before."""

import math

import pytest

from connectors.avstar.inheritance import Inheritance
from connectors.avstar.rate import Rate


def inherited(requests: int = 100, seconds: float = 10.0) -> Inheritance:
    """Make the inheritance of a process that began at 1000 s."""
    return Inheritance(
        Rate(requests, seconds), 1.001 * seconds, burst=5, unseen=8, grace=2.0, began=1000.0
    )


@pytest.mark.parametrize(
    ("age", "places"),
    [
        (0.0, 100),
        (1.99, 100),  # requests of the dead may still come
        (2.0, 8 + 1 + 5 + 80),  # on their way, and as many as may have started in 8.01 s
        (5.0, 8 + 1 + 5 + 50),
        (9.95, 8 + 1 + 5),
        (10.01, 8 + 1 + 5),
        (10.02, 8),  # only what was on its way when they ended
        (12.0, 8),
        (12.02, 0),
    ],
)
def test_as_many_places_are_left_as_the_dead_may_have_taken(age, places):
    assert inherited().places(1000 + age) == places


@pytest.mark.parametrize(
    ("age", "until"), [(0.0, 2.0), (2.0, 2.01), (2.05, 2.11), (9.99, 10.01), (10.02, 12.01)]
)
def test_it_says_when_there_are_fewer(age, until):
    assert inherited().eases(1000 + age) == pytest.approx(1000 + until)


def test_when_all_are_ours_there_will_not_be_fewer():
    assert inherited().eases(1012.02) == math.inf


@pytest.mark.parametrize("requests", [1, 8, 9, 20, 100])
def test_when_it_says_there_are_fewer_there_are(requests):
    inheritance, now, steps = inherited(requests), 1000.0, 0
    while (until := inheritance.eases(now)) < math.inf:
        assert inheritance.places(until - 1e-6) == inheritance.places(now)
        before, now, steps = inheritance.places(now), until + 1e-6, steps + 1
        assert inheritance.places(now) < before or (before == requests and steps == 1)

    assert now == pytest.approx(1012.01)


def test_a_quota_smaller_than_what_may_be_on_its_way_is_left_until_all_of_it_has_come():
    assert inherited(8).places(1012.0) == 8
    assert inherited(8).eases(1002.0) == pytest.approx(1012.01)
