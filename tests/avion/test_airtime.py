import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, TypeAdapter

from connectors.avion.airtime import COMMON, COMMON_LOCAL, LocalTimes

NEW_YORK = ZoneInfo("America/New_York")
# As the schema has it: `$` of pydantic's engine is the very end, where Python's allows a line end.
COMMON_ONLY = re.compile(COMMON.replace("$", r"\Z"), re.ASCII)
COMMON_LOCAL_ONLY = re.compile(COMMON_LOCAL.replace("$", r"\Z"), re.ASCII)

aware = TypeAdapter(AwareDatetime)
words = LocalTimes(NEW_YORK)


@given(text=st.from_regex(COMMON_ONLY))
def test_what_looks_common_exists(text):
    assert aware.validate_json(f'"{text}"', strict=True).utcoffset() is not None


@given(text=st.from_regex(COMMON_LOCAL_ONLY))
def test_what_looks_local_can_be_held_against_a_zone(text):
    found = words(text)
    assert found is None or "as a local time in America/New_York" in found


def test_every_day_of_two_centuries_is_common_and_no_other():
    day, found = date(1900, 1, 1), 0
    while day <= date(2099, 12, 31):
        assert COMMON_ONLY.match(f"{day}T05:30:00Z"), day
        day += timedelta(days=1)
    for month in range(14):
        for number in range(33):
            for year in (1900, 1999, 2000, 2024, 2026, 2096):
                found += bool(COMMON_ONLY.match(f"{year}-{month:02}-{number:02}T05:30:00Z"))
    assert found == 3 * 365 + 3 * 366


@pytest.mark.parametrize("text", ["2026-11-24T05:30:00", "2026-11-24T24:00:00Z", "2026-11-24"])
def test_what_may_not_exist_is_not_common(text):
    assert not COMMON_ONLY.match(text)


def test_an_offset_settles_what_the_clock_shows_twice():
    assert words("2026-11-01T01:30:00") is not None
    assert words("2026-11-01T01:30:00-04:00") is None
    assert words("2026-11-01T01:30:00-05:00") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [("2026-03-08T02:30:00", "never happens"), ("2026-11-01T01:30:00", "happens twice")],
)
def test_the_words_say_what_the_clock_does(text, says):
    assert words(text) == (
        f"AirDateTime {says} as a local time in America/New_York; write its UTC offset"
    )
    assert words(text) == words(text)
