from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.desk.course import MOST_BARS, course

BEGIN = datetime(2026, 11, 24, 3, tzinfo=timezone.utc)


def tick(seconds: float, attempts: int = 1) -> tuple[str, int]:
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds"), attempts


def test_a_night_without_a_delivery_has_no_bars() -> None:
    assert course([], per_second=10) == (1, 10, [])


def test_spots_and_repeats_are_counted_second_by_second_and_pauses_stay() -> None:
    found = course([tick(0.1), tick(0.9, 3), tick(3)], per_second=10)
    assert [(bar.delivered, bar.repeats, bar.is_pause) for bar in found.bars] == [
        (2, 2, False),
        (0, 0, True),
        (0, 0, True),
        (1, 0, False),
    ]
    assert (found.seconds, found.quota, found.most) == (1, 10, 4.0)
    assert found.bars[0].start == BEGIN


@given(st.lists(st.tuples(st.integers(0, 20 * 3600), st.integers(1, 9)), min_size=1))
def test_nothing_is_lost_however_long_the_night(ticks: list[tuple[int, int]]) -> None:
    found = course([tick(*one) for one in ticks], per_second=2)
    assert sum(bar.delivered for bar in found.bars) == len(ticks)
    assert sum(bar.repeats for bar in found.bars) == sum(n - 1 for _, n in ticks)
    assert len(found.bars) <= MOST_BARS + 1
    assert found.quota == 2 * found.seconds
    starts = [bar.start for bar in found.bars]
    step = timedelta(seconds=found.seconds)
    assert all(b - a == step for a, b in pairwise(starts))


def test_what_held_delivery_up_is_marked_where_it_was() -> None:
    ticks = [tick(0), tick(300)]
    held = [("2026-11-24T03:01", [2, 3.5, 0, 0]), ("2026-11-24T03:03", [0, 0, 1, 90.0])]
    found = course(ticks, per_second=1, held_up=held)
    assert found.seconds == 2
    throttled = [bar.start for bar in found.bars if bar.throttled]
    broken = [bar.start for bar in found.bars if bar.broken]
    assert (throttled[0], throttled[-1]) == (at(60), at(118))
    assert (broken[0], broken[-1]) == (at(180), at(268))  # 90 s


def at(seconds: int) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def test_an_absurd_pause_costs_no_more_than_a_day() -> None:
    [bar] = course([tick(0)], per_second=1, held_up=[("2026-11-24T03:00", [0, 1e15, 0, 0])]).bars
    assert bar.throttled
