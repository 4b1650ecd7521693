from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.lines import Lines
from connectors.records import Line


def of(*pieces, name="csv", offset=100, number=7):
    size = sum(map(len, pieces)) + len(pieces)
    return Lines(name, (), list(pieces), offset, number, size)


pieces_of_csv = st.lists(
    st.sampled_from([b"a", b"", b" \r", b",, \r", b'"b\nc"', b"dd\r"]), max_size=10
)


def test_each_record_knows_its_place():
    assert list(of(b"a", b"", b'"b\nc"', b"d")) == [
        Line(b"a", 7, 100, 1),
        Line(b'"b\nc"', 9, 103, 5),
        Line(b"d", 11, 109, 1),
    ]


@given(pieces=pieces_of_csv)
def test_it_is_a_sequence_of_its_records(pieces):
    lines = of(*pieces)
    single = list(lines)
    assert len(lines) == len(single) == len(lines.raws)
    assert [line.raw for line in single] == lines.raws
    assert [lines[i] for i in range(len(lines))] == single == lines[:]
    assert list(reversed(lines)) == single[::-1]


def test_an_index_beyond_the_records_is_an_error():
    with pytest.raises(IndexError):
        of(b"a", b"")[1]


def test_blank_lines_are_left_out_of_the_raws():
    assert of(b"a", b"", b" \t\r", b"b").raws == [b"a", b"b"]


@pytest.mark.parametrize(("name", "number"), [("csv", 11), ("ndjson", 9)])
def test_only_csv_records_hold_line_ends(name, number):
    assert of(b"a", b"b\nc\nd" if name == "csv" else b"b", name=name).next_number == number


@given(pieces=pieces_of_csv, count=st.integers(0, 12))
def test_two_parts_are_the_whole_wherever_it_is_divided(pieces, count):
    whole = of(*pieces)
    first, rest = whole.take(count)
    assert len(first.pieces) == min(count, len(pieces))
    assert [*first, *rest] == list(whole)
    assert rest.offset == first.offset + first.size
    assert rest.number == first.next_number
    assert rest.next_number == whole.next_number
    assert first.size + rest.size == whole.size


def test_a_record_over_the_limit_has_its_true_length():
    lines = Lines("ndjson", (), [b"head"], 100, 7, 5001, overlong=True)
    assert list(lines) == [Line(b"head", 7, 100, 5000)]
    assert lines.next_number == 8


def test_a_record_over_the_limit_stays_one_when_it_is_taken():
    lines = Lines("ndjson", (), [b"head"], 100, 7, 5001, overlong=True)
    first, rest = lines.take(1)
    assert list(first) == list(lines)
    assert list(rest) == []
    assert rest.offset == 5101


def test_a_row_of_nothing_but_commas_is_blank_in_a_csv_alone():
    pieces = (b"a,b", b",,,,\r", b" , ", b'"",', b"c,d")
    found = of(*pieces)
    assert found.raws == [b"a,b", b'"",', b"c,d"]
    assert [line.number for line in found] == [7, 10, 11]
    assert found[2] == Line(b"c,d", 11, 100 + 4 + 6 + 4 + 4, 3)
    assert len(of(b",,", name="ndjson")) == 1


@given(pieces=pieces_of_csv, count=st.integers(0, 12), name=st.sampled_from(["csv", "ndjson"]))
def test_what_was_divided_is_whole_again_when_it_is_joined(pieces, count, name):
    whole = of(*pieces, name=name)
    first, rest = whole.take(count)

    joined = first.joined(rest)

    assert list(joined) == list(whole)
    assert (joined.offset, joined.size, joined.number) == (whole.offset, whole.size, whole.number)
    assert joined.next_number == whole.next_number


def test_what_does_not_follow_or_is_over_the_limit_is_not_joined():
    first, gap = of(b"a"), of(b"b", offset=103)
    behind = of(b"b", offset=102, number=8)
    long = Lines("csv", (), [b"head"], 102, 8, 5001, overlong=True)

    assert first.joined(gap) is None
    assert first.joined(long) is None
    assert long.joined(of(b"c", offset=5103, number=9)) is None
    assert replace(first, left_out=2).joined(behind) is None
    assert first.joined(replace(behind, left_out=2)).next_number == 11
