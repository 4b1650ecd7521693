import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.formats import Csv, Malformed
from connectors.avion.formats import csv as formats_csv
from connectors.errors import RefusedError

CSV = Csv()
COLUMNS = ("A", "B", "C")
HEADER = b"SpotID,StationCode,AirDateTime,Duration,ClientName"

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def written(row):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row)
    return text.getvalue().encode()


@given(text=st.text('a,"\n', max_size=40), last=st.booleans(), limit=st.integers(1, 50))
def test_records_and_rest_are_the_whole(text, last, limit):
    pieces, rest = CSV.cut(text.encode(), last=last, limit=limit)
    assert b"".join(piece + b"\n" for piece in pieces) + rest == text.encode()


@given(text=st.text('a,"\n', max_size=40), limit=st.integers(1, 50))
def test_what_stays_open_within_the_limit_waits_for_more(text, limit):
    _, rest = CSV.cut(text.encode(), last=False, limit=limit)
    assert len(rest) <= limit or b"\n" not in rest


@given(text=st.text('aa,,"\n', max_size=40))
def test_lines_that_are_rows_for_certain_are_rows_to_the_letter_of_the_rule(text):
    """And to Python's `csv` too."""
    *lines, _ = text.encode().split(b"\n")
    if formats_csv._are_lines(text.encode()):
        assert all(map(formats_csv._ROW.fullmatch, lines))
        assert len(list(csv.reader(line.decode() + "\n" for line in lines))) == len(lines)


@given(
    rows=st.lists(st.lists(st.sampled_from(["a", "", '"a"', '"a,b"', '"a""b"', '""']), min_size=1))
)
def test_rows_that_are_written_well_are_lines_for_certain(rows):
    text = "".join(",".join(row) + "\n" for row in rows).encode()
    assert formats_csv._are_lines(text)
    assert formats_csv._are_lines(text + b'a,"b')


@given(rows=st.lists(st.tuples(cells, cells, cells), max_size=6))
def test_any_text_comes_back_exactly(rows):
    decoded = CSV.decode([written(row) for row in rows], COLUMNS)
    assert list(decoded) == [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_crlf_belongs_to_no_cell():
    decoded = CSV.decode([b"1,2,3\r", b'1,2,"3"\r'], COLUMNS)
    assert list(decoded) == [{"A": "1", "B": "2", "C": "3"}] * 2


BAD_ROWS = {
    b"1,2": Malformed("not_csv", "the row has 2 cells, the header names 3"),
    b"1,2,3,4": Malformed("not_csv", "the row has 4 cells, the header names 3"),
    b"1,\xff,3": Malformed("encoding", "byte 3 of the row is not UTF-8"),
    b"1,\0,3": Malformed("encoding", "byte 3 of the row is NUL"),
}
OPEN_QUOTES = [b'1,2,"3', b'"1,2,3', b'1,"2"x,3', b'"1"",2,3', b"1,2\r3,4"]


@pytest.mark.parametrize(("raw", "why"), BAD_ROWS.items())
def test_a_bad_row_says_why(raw, why):
    assert CSV.malformed(raw, COLUMNS) == why


@pytest.mark.parametrize("raw", OPEN_QUOTES)
def test_a_row_that_breaks_the_quoting_is_not_csv(raw):
    reason, detail = CSV.malformed(raw, COLUMNS)
    assert reason == "not_csv"
    assert detail.startswith("not a CSV row: ")


def test_a_good_row_is_not_malformed():
    assert CSV.malformed(b'1,"2\n""2""",3\r', COLUMNS) is None


good_or_bad = st.sampled_from([b"1,2,3", b'"1\n1",2,3', b"4,5,6\r", *BAD_ROWS, *OPEN_QUOTES])


@given(raws=st.lists(good_or_bad, max_size=8))
def test_one_bad_row_never_affects_another(raws):
    assert list(CSV.decode(raws, COLUMNS)) == [CSV.decode([raw], COLUMNS)[0] for raw in raws]


@given(raws=st.lists(good_or_bad, max_size=8), more=st.integers(0, 200), place=st.integers(0, 200))
def test_nor_one_of_many(raws, more, place):
    many = [b"7,8,9"] * more
    many[place:place] = raws
    assert list(CSV.decode(many, COLUMNS)) == [CSV.decode([raw], COLUMNS)[0] for raw in many]


@given(raws=st.lists(good_or_bad, max_size=8))
def test_the_bad_rows_are_those_that_stay_malformed(raws):
    decoded = CSV.decode(raws, COLUMNS)
    bad = [value if isinstance(value, Malformed) else None for value in decoded]
    assert bad == [CSV.malformed(raw, COLUMNS) for raw in raws]


def test_a_cell_may_be_as_long_as_a_record():
    row = b"1,2," + b"3" * 200_000 + b",4" * (len(COLUMNS) - 3)
    assert CSV.malformed(row, COLUMNS) is None


def test_the_header_names_the_columns():
    assert CSV.header(b'Note, "x" ,' + HEADER + b"\r")[-5:] == tuple(HEADER.decode().split(","))


def test_an_export_without_header_has_no_columns():
    assert CSV.header(None) == ()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"SpotID,ClientName", "lacks StationCode, AirDateTime, Duration"),
        (HEADER.lower(), "lacks SpotID"),
        (HEADER.replace(b",", b";"), "separated by semicolons"),
        (HEADER + b",Duration", "names Duration more than once"),
        (HEADER + b',"', "cannot be read"),
        (HEADER + b",\xff", "cannot be read"),
        (HEADER + b"\rSP1", "cannot be read"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(header, words):
    with pytest.raises(RefusedError, match=words):
        CSV.header(header)


def test_another_column_may_come_twice():
    assert CSV.header(b"Note,Note," + HEADER)[:2] == ("Note", "Note")
