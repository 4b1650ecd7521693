"""What cannot be taken now waits, and others do not."""

from dataflows.follow.arrivals import Arrival
from dataflows.follow.postponed import Postponed

A = Arrival("a", (1, 10, 100), announced=True)
B = Arrival("b", (2, 20, 200), announced=True)
GROWN = A._replace(stamp=(1, 11, 101))


def test_one_is_passed_over_for_a_minute() -> None:
    postponed = Postponed()
    assert postponed.without([A, B], 0) == [A, B]
    postponed.add("a", A.stamp, 0)
    assert postponed.without([A, B], 59) == [B]
    assert postponed.without([A, B], 60) == [A, B]


def test_one_that_changed_is_tried_at_once() -> None:
    postponed = Postponed()
    postponed.add("a", A.stamp, 0)
    assert postponed.without([GROWN], 1) == [GROWN]


def test_it_is_new_once_for_each_content() -> None:
    postponed = Postponed()
    assert postponed.add("a", A.stamp, 0)
    assert not postponed.add("a", A.stamp, 60)
    assert postponed.add("a", GROWN.stamp, 61)


def test_one_that_went_away_is_forgotten() -> None:
    postponed = Postponed()
    postponed.add("a", A.stamp, 0)
    postponed.without([B], 1)
    assert postponed.without([A], 2) == [A]
    assert postponed.add("a", A.stamp, 3)
