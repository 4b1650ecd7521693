import pytest

from connectors.avion.common_json import json_rows
from connectors.avion.row import NO_ROW

GOOD = (
    b'{"SpotID":"A","StationCode":"W","AirDateTime":"2026-11-24T05:30:00Z","Duration":30,'
    b'"ClientName":"Caf\xc3\xa9"}'
)


def with_more(value, name=b'"Note"'):
    return b"{" + name + b":" + value + b"," + GOOD[1:]


def known(*raws):
    rows = json_rows(raws)
    assert len(rows) == len(raws)
    return [row is not NO_ROW for row in rows]


def test_a_record_comes_out_as_its_fields():
    [row] = json_rows([GOOD])
    assert (row.spot_id, row.station, row.airtime) == ("A", "W", "2026-11-24T05:30:00Z")
    assert (row.duration, row.advertiser) == (30, "Café")


def test_other_records_leave_each_good_one_in_its_place():
    assert known(b"", GOOD, b"no", b"{}", GOOD, GOOD, b"[]") == [
        False, True, False, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 31, 32, 33, 200])
def test_it_does_not_matter_how_many_have_other_fields(count):
    raws = [GOOD, *[with_more(b"1")] * count, b"no", GOOD]
    assert known(*raws) == [True] * (count + 1) + [False, True]


@pytest.mark.parametrize(
    "value", [b"1", b"null", b'"Caf\xc3\xa9"', b'[1,{"a":[]}]', b"9" * 3000, b"[" * 60 + b"]" * 60]
)
def test_a_field_nobody_asked_for_is_passed_over(value):
    assert known(with_more(value), with_more(value, b'"N\xc3\xb6te"')) == [True, True]


@pytest.mark.parametrize(
    "spoilt",
    [
        with_more(b'"\xff"'),
        with_more(b"1", b'"\xff"'),
        with_more(b'"\xed\xa0\x80"'),
        with_more(rb'"\ud800"'),
        with_more(b'"\x1f"'),
        with_more(b"9" * 4301),
        with_more(b"[" * 201 + b"]" * 201),
        with_more(b'{"a":' * 201 + b"0" + b"}" * 201),
        with_more(b"NaN"),
        with_more(b"01"),
    ],
)
def test_what_pydantic_would_not_read_or_not_for_certain_is_left_to_it(spoilt):
    assert known(spoilt) == [False]
    assert known(with_more(b"1"), spoilt, with_more(b"[1]"), GOOD) == [True, False, True, True]


def test_half_a_letter_at_an_end_makes_no_whole_one_with_the_next():
    assert known(with_more(b"1") + b"\xc3", b"\xa9" + with_more(b"1")) == [False, False]
