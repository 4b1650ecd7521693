import csv
import io
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.cutter import HEAD, Cutter
from connectors.avion.formats import FORMATS
from connectors.records import Line

LIMIT = 1100  # above HEAD, and a few of the long fragments below exceed it

FRAGMENTS = [
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r\n",
    b"\n\n",
    b",\n",
    b'",',
    b'"\n',
    b',"',
    b"a",
    b" ",
    b"\r",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b"{}\n",
    b"x" * 500,
    b"x\n" * 300,
]

texts = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join)
formats = st.sampled_from(["ndjson", "csv"])
rows = st.lists(
    st.lists(st.text('ab ,"\n\r\t\u00e9', max_size=6), min_size=2, max_size=4), max_size=8
)


def cut(name, blocks, **settings):
    cutter = Cutter(FORMATS[name], **settings)
    runs = [run for block in blocks for run in cutter.feed(block)]
    return [*runs, *cutter.close()]


def records(name, blocks, **settings):
    return [line for run in cut(name, blocks, **settings) for line in run]


def divide(text, places):
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


def physical_records(text):
    """Every line of a text with its place, by `bytes.split` alone."""
    pieces = text.split(b"\n")
    offsets = accumulate((len(piece) + 1 for piece in pieces), initial=0)
    return [
        Line(piece, number, offset, len(piece))
        for number, (piece, offset) in enumerate(zip(pieces, offsets, strict=False), 1)
        if piece.strip()
    ]


def rfc_records(text):
    """What Python's `csv` takes for the records of a text, or None if a quote never closes."""
    lines = text.split("\n")
    reader = csv.reader([*(line + "\n" for line in lines), "END\n"])
    read, begin = [], 0
    for row in reader:
        read.append((row, begin, reader.line_num))
        begin = reader.line_num
    *found, (last, _, _) = read
    if last != ["END"]:
        return None
    raws = [("\n".join(lines[start:end]).encode(), start + 1) for _, start, end in found]
    return [(raw, number) for raw, number in raws if raw.strip(b", \n")]


@given(name=formats, text=texts, places=st.lists(st.integers(0, 1 << 16), max_size=12))
def test_the_records_are_the_same_wherever_the_blocks_end(name, text, places):
    whole = records(name, [text], limit=LIMIT)
    assert records(name, divide(text, places), limit=LIMIT) == whole


@given(name=formats, text=texts)
def test_the_records_are_the_same_byte_by_byte(name, text):
    single = [text[i : i + 1] for i in range(len(text))]
    assert records(name, single, limit=LIMIT) == records(name, [text], limit=LIMIT)


@given(name=formats, text=texts)
def test_a_record_is_what_stands_in_the_file_at_its_offset(name, text):
    for line in records(name, [text], limit=LIMIT):
        there = text[line.offset : line.offset + line.length]
        assert there[: len(line.raw)] == line.raw
        assert len(there) == line.length
        assert text[line.offset + line.length :][:1] in {b"\n", b""}
        assert line.number == text.count(b"\n", 0, line.offset) + 1


@given(name=formats, text=texts, places=st.lists(st.integers(0, 1 << 16), max_size=4))
def test_the_runs_cover_the_whole_text_without_a_gap(name, text, places):
    end = 0
    for run in cut(name, divide(text, places), limit=LIMIT):
        assert run.offset == end
        end += run.size
    assert len(text) <= end <= len(text) + 1  # the last line end may be missing in the file


@given(name=formats, text=texts)
def test_only_blank_lines_lie_between_the_records(name, text):
    left = bytearray(text)
    for line in records(name, [text], limit=LIMIT):
        left[line.offset : line.offset + line.length] = b" " * line.length
    assert not left.strip(b", \t\n\r\v\f" if name == "csv" else None)


@given(name=formats, text=texts)
def test_a_cutter_that_starts_at_any_record_yields_the_same_rest(name, text):
    whole = records(name, [text], limit=LIMIT)
    for i in range(0, len(whole), 1 + len(whole) // 20):
        line = whole[i]
        rest = [text[line.offset :]]
        again = records(name, rest, offset=line.offset, number=line.number, limit=LIMIT)
        assert again == whole[i:]


@given(text=texts)
def test_ndjson_is_cut_as_bytes_split_cuts_it(text):
    assert records("ndjson", [text]) == physical_records(text)


@given(text=st.text('a,"\n', max_size=60))
def test_csv_is_cut_as_pythons_csv_cuts_it_even_with_stray_quotes(text):
    expected = rfc_records(text)
    if expected is not None:
        found = records("csv", [text.encode()])
        assert [(line.raw, line.number) for line in found] == expected


@given(table=rows, end=st.sampled_from(["\n", "\r\n"]), places=st.lists(st.integers(0, 1 << 16)))
def test_well_formed_csv_comes_back_row_by_row(table, end, places):
    written = []
    for row in table:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=end).writerow(row)
        written.append(text.getvalue().encode())
    found = records("csv", divide(b"".join(written), places))
    assert [line.raw + b"\n" for line in found] == written


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_nothing_is_no_record(name):
    assert records(name, []) == records(name, [b""]) == []


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_blank_lines_are_no_records_but_count_as_lines(name):
    assert records(name, [b"\n \t\r\n\na\n\nb"]) == [Line(b"a", 4, 6, 1), Line(b"b", 6, 9, 1)]


def test_a_line_end_inside_quotes_does_not_end_a_csv_record():
    assert records("csv", [b'1,"a\nb\nc"\n2,d\n']) == [
        Line(b'1,"a\nb\nc"', 1, 0, 9),
        Line(b"2,d", 4, 10, 3),
    ]


def test_a_line_end_inside_quotes_ends_an_ndjson_record():
    assert [line.raw for line in records("ndjson", [b'"a\nb"\n'])] == [b'"a', b'b"']


def test_a_quote_within_a_cell_opens_nothing():
    assert [line.raw for line in records("csv", [b'5" clip,a\n6" clip,b\n'])] == [
        b'5" clip,a',
        b'6" clip,b',
    ]


def test_a_quote_that_never_closes_costs_one_row():
    found = records("csv", [b'1,"a\n2,b\n3,c\n'])
    assert [(line.raw, line.number) for line in found] == [
        (b'1,"a', 1),
        (b"2,b", 2),
        (b"3,c", 3),
    ]


def test_a_quote_that_never_closes_adds_no_line_at_the_end():
    cutter = Cutter(FORMATS["csv"])
    runs = [*cutter.feed(b'1,"a\n2,b\n'), *cutter.close()]
    assert [line.raw for run in runs for line in run] == [b'1,"a', b"2,b"]
    assert (cutter.offset, cutter.number) == (9, 3)


def test_a_quote_that_stays_open_beyond_the_limit_costs_one_row_long_before_the_end():
    text = b'1,"a\n' + b"2,b\n" * 1000
    cutter = Cutter(FORMATS["csv"], limit=100)
    early = [line for run in cutter.feed(text[:1000]) for line in run]
    assert early[0] == Line(b'1,"a', 1, 0, 4)
    assert len(early) > 200


def test_a_quoted_record_over_the_limit_falls_apart_into_its_lines():
    text = b'1,"' + b"a\n" * 100 + b'"\n2,b\n'
    found = records("csv", [text], limit=50)
    assert found[0] == Line(b'1,"a', 1, 0, 4)
    assert found[-1] == Line(b"2,b", 102, len(text) - 4, 3)


@pytest.mark.parametrize("name", ["ndjson", "csv"])
@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_a_record_over_the_limit_keeps_its_head_and_its_true_length(name, blocks):
    text = b"a\n" + b"x" * 5000 + b"\nb\n"
    step = -(-len(text) // blocks)
    found = records(name, [text[i : i + step] for i in range(0, len(text), step)], limit=2000)
    assert found == [
        Line(b"a", 1, 0, 1),
        Line(b"x" * HEAD, 2, 2, 5000),
        Line(b"b", 3, 5003, 1),
    ]


@pytest.mark.parametrize(("length", "kept"), [(2000, 2000), (2001, HEAD)])
def test_the_limit_itself_is_allowed(length, kept):
    [line] = records("ndjson", [b"x" * length + b"\n"], limit=2000)
    assert (len(line.raw), line.length) == (kept, length)


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_a_last_record_over_the_limit_needs_no_line_end(name):
    assert records(name, [b"x" * 1500, b"y" * 1500], limit=2000) == [Line(b"x" * HEAD, 1, 0, 3000)]


def test_a_record_over_the_limit_is_never_held_as_a_whole():
    cutter = Cutter(FORMATS["ndjson"], limit=2000)
    for _ in range(50):
        assert list(cutter.feed(b"x" * 1500)) == []
        assert len(cutter._carry) <= 2000
    [run] = cutter.feed(b"\n")
    assert next(iter(run)).length == 75_000


@pytest.mark.parametrize("name", ["ndjson", "csv"])
@pytest.mark.parametrize("size", [1 << 16, 500])
def test_a_record_over_the_limit_counts_even_if_it_begins_with_blanks(name, size):
    text = b" " * 1500 + b"{" + b"x" * 2000 + b"}\nb\n"
    found = records(name, [text[i : i + size] for i in range(0, len(text), size)], limit=2000)
    assert [(line.number, line.length) for line in found] == [(1, 3502), (2, 1)]


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_blocks_make_no_difference_under_a_limit_smaller_than_the_head(name):
    text = b"x" * 40 + b"\n"
    assert records(name, [text[:15], text[15:]], limit=10) == records(name, [text], limit=10)


def test_offset_and_number_go_on_from_where_the_cutter_was_put():
    found = records("csv", [b"a\nb\n"], offset=1000, number=50)
    assert found == [Line(b"a", 50, 1000, 1), Line(b"b", 51, 1002, 1)]


def test_the_runs_know_format_and_columns():
    [run] = cut("csv", [b"1,2\n"], columns=("A", "B"))
    assert (run.format, run.columns) == ("csv", ("A", "B"))
