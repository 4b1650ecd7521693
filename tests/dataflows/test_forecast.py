from datetime import datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.forecast import WINDOW_SECONDS, Forecast, next_occurrence

NEW_YORK = ZoneInfo("America/New_York")
HALF_PAST_FIVE = time(5, 30)


def watched(total: int, deadline: float | None, *looks: tuple[float, int]) -> Forecast:
    forecast = Forecast(total, deadline)
    for now, done in looks:
        forecast.look(done, now)
    return forecast


@given(st.integers(1, 1000), st.integers(1, 100), st.integers(31, 3000))
def test_an_even_rate_needs_what_is_left_divided_by_it(left: int, rate: int, seconds: int) -> None:
    looks = [(float(now), now * rate) for now in range(seconds + 1)]
    forecast = watched(seconds * rate + left, None, *looks)
    assert forecast.needed(0) == pytest.approx(left / rate)


def test_before_it_was_watched_for_a_while_nobody_knows() -> None:
    assert Forecast(100).needed(0) is None
    assert watched(100, None, (0, 0), (29, 10)).needed(0) is None
    assert watched(100, None, (0, 0), (30, 10)).needed(0) == 270


def test_where_time_is_short_a_tenth_of_it_is_enough() -> None:
    assert watched(100, 60, (0, 0), (6, 10)).margin(6) == 0
    assert watched(100, 60, (0, 0), (5, 10)).margin(5) is None


def test_a_clock_that_is_set_changes_no_rate() -> None:
    forecast = Forecast(100, 10_000.0)
    forecast.look(0, at=500.0)
    forecast.look(10, at=540.0)
    assert forecast.needed(now=6000.0) == forecast.needed(now=2400.0) == 360
    assert forecast.margin(now=6000.0) == 3640
    assert forecast.margin(now=2400.0) == 7240


def test_only_the_last_minutes_count() -> None:
    fast = [(float(now), now * 100) for now in range(1000)]
    slow = [(1000.0 + now, 100_000 + now) for now in range(int(WINDOW_SECONDS) + 2)]
    forecast = watched(101_000, None, *fast, *slow)
    assert forecast.needed(0) == pytest.approx(1000 - WINDOW_SECONDS - 1)
    assert len(forecast._looks) <= WINDOW_SECONDS + 2


def test_looks_that_follow_each_other_closely_cost_no_memory() -> None:
    looks = [(now / 1000, now) for now in range(100_000)]
    forecast = watched(200_000, None, *looks)
    assert len(forecast._looks) < 110
    assert forecast.needed(0) == pytest.approx(100, rel=0.01)


def test_a_run_that_stands_still_needs_for_ever_and_one_that_is_done_nothing() -> None:
    assert watched(10, 100, (0, 5), (40, 5)).needed(0) == inf
    assert watched(10, 100, (0, 5), (40, 5)).words(40) == "playout in 0:01:00, LATE"
    assert watched(10, 100, (0, 5), (1, 10)).needed(0) == 0


@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        (None, ""),
        (3700, "playout in 1:01:00, 0:01:00 to spare"),
        (3600, "playout in 0:59:20, LATE by 0:00:40"),
        (30, "playout was 0:00:10 ago, LATE by 1:00:10"),
    ],
)
def test_the_words_say_how_it_stands(deadline: float | None, words: str) -> None:
    forecast = watched(3640, deadline, (0, 0), (40, 40))
    assert forecast.words(40) == words


def test_once_the_deadline_has_passed_it_is_late_whatever_the_rate() -> None:
    assert Forecast(10, 100).margin(110) == -10
    assert Forecast(10, 100).words(110) == "playout was 0:00:10 ago, LATE by 0:00:10"


def test_of_a_run_just_begun_the_words_say_only_when_playout_is() -> None:
    assert Forecast(10, 100).words(0) == "playout in 0:01:40"


@pytest.mark.parametrize(
    ("since", "wanted"),
    [
        (
            datetime(2026, 11, 24, 22, tzinfo=NEW_YORK),
            datetime(2026, 11, 25, 5, 30, tzinfo=NEW_YORK),
        ),
        (
            datetime(2026, 11, 25, 5, 29, tzinfo=NEW_YORK),
            datetime(2026, 11, 25, 5, 30, tzinfo=NEW_YORK),
        ),
        (
            datetime(2026, 11, 25, 5, 30, tzinfo=NEW_YORK),
            datetime(2026, 11, 26, 5, 30, tzinfo=NEW_YORK),
        ),
    ],
)
def test_the_deadline_is_the_next_one_after_the_upload_began(
    since: datetime, wanted: datetime
) -> None:
    assert next_occurrence(HALF_PAST_FIVE, since, NEW_YORK) == wanted


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - as it wants them
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
)
def test_it_is_at_most_a_day_and_an_hour_away_whatever_the_clocks_do(
    naive: datetime, at: time
) -> None:
    since = naive.replace(tzinfo=NEW_YORK)
    found = next_occurrence(at, since, NEW_YORK)
    assert (found.hour, found.minute) == (at.hour, at.minute)
    assert timedelta(hours=-1) <= found - since <= timedelta(hours=25)


def test_without_a_zone_it_is_the_machines() -> None:
    since = datetime.now().astimezone()
    found = next_occurrence(HALF_PAST_FIVE, since, None)
    assert (found.hour, found.minute) == (5, 30)
    assert found > since
