import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.array_cutter import ArrayCutter
from connectors.avion.cutter import HEAD
from connectors.avion.formats import FORMATS
from connectors.records import Line

LIMIT = 1100  # above HEAD, and a few of the long fragments below exceed it

FRAGMENTS = [
    b"{}",
    b'{"a": 1}',
    b'{"a": "],[\\"\\\\"}',
    b'{"a": {"b": [1, {"c": 2}]}}',
    b"[1, 2]",
    b'"te,xt"',
    b"null",
    b",",
    b",",
    b", \r\n",
    b"\n",
    b" ",
    b"\\",
    b"\0",
    b"\xff",
    b"{",
    b"}",
    b"]",
    b'"',
    b" " * 700 + b"\n",
    b'{"a": "' + b"x" * 1200 + b'"}',
    b'{"a": {"b": "' + b"\n" * 900 + b'"}}',
]

texts = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def cut(blocks, **settings):
    cutter = ArrayCutter(FORMATS["json"], **{"limit": LIMIT, **settings})
    runs = [run for block in blocks for run in cutter.feed(block)]
    return [*runs, *cutter.close()], cutter


def records(blocks, **settings):
    return [line for run in cut(blocks, **settings)[0] for line in run]


def divide(text, places):
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@given(text=texts, places=st.lists(st.integers(0, 1 << 16), max_size=12))
def test_the_records_are_the_same_wherever_the_blocks_end(text, places):
    found, whole = cut(divide(text, places)), cut([text])
    assert [line for run in found[0] for line in run] == [line for run in whole[0] for line in run]
    assert found[1].whole == whole[1].whole


@given(text=texts)
def test_the_records_are_the_same_byte_by_byte(text):
    single = [text[i : i + 1] for i in range(len(text))]
    assert records(single) == records([text])


@given(text=texts)
def test_a_record_is_what_stands_in_the_file_at_its_offset(text):
    for line in records([text]):
        there = text[line.offset : line.offset + line.length]
        assert there[: len(line.raw)] == line.raw
        assert len(there) == line.length
        assert line.number == text.count(b"\n", 0, line.offset) + 1


@given(text=texts, places=st.lists(st.integers(0, 1 << 16), max_size=4))
def test_the_runs_cover_the_whole_text_without_a_gap(text, places):
    end = 0
    for run in cut(divide(text, places))[0]:
        assert run.offset == end
        end += run.size
    assert len(text) <= end <= len(text) + 1  # the last mark may be missing in the file


@given(text=texts)
def test_only_blanks_and_commas_lie_between_the_records(text):
    left, (runs, cutter) = bytearray(text), cut([text])
    for line in (line for run in runs for line in run):
        left[line.offset : line.offset + line.length] = b" " * line.length
    if cutter.whole:
        assert left.rstrip().endswith(b"]")
        assert not left.translate(None, b" \t\r\n,")[:-1]


@given(text=texts)
def test_a_cutter_that_starts_at_any_record_yields_the_same_rest(text):
    whole = records([text])
    for i, line in enumerate(whole):
        rest = records([text[line.offset :]], offset=line.offset, number=line.number)
        assert rest == whole[i:]


@given(
    elements=st.lists(values, max_size=12),
    indent=st.sampled_from([None, 0, 1]),
    places=st.lists(st.integers(0, 1 << 16), max_size=12),
    end=st.sampled_from([b"", b"\n", b" \r\n\n"]),
)
def test_an_array_comes_back_element_by_element(elements, indent, places, end):
    text = json.dumps(elements, indent=indent).encode() + end
    runs, cutter = cut(divide(text[1:], places), limit=1 << 20)
    assert [json.loads(line.raw) for run in runs for line in run] == elements
    assert cutter.whole


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (b"{}]", True),
        (b"]", True),
        (b" ] \n", True),
        (b"{}, ]\n", True),
        (b"{}", False),
        (b"{},", False),
        (b'{"a": "]', False),
        (b"{}] x", False),
        (b"{}]\n[{}]", False),
        (b"", False),
        (b"x" * 5000 + b"]", True),
        (b"x" * 5000, False),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_an_array_is_whole_if_its_bracket_is_the_last_that_stands_in_it(text, whole, size):
    _, cutter = cut([text[at : at + size] for at in range(0, len(text), size)])
    assert cutter.whole is whole


@pytest.mark.parametrize("size", [700, 1 << 20])
def test_an_element_over_the_limit_keeps_its_head_and_its_true_length(size):
    long = b'{"a": ["' + b"\n" * 5000 + b'"]}'
    text = b"{},\n " + long + b" ,\n{}]"
    found = records([text[at : at + size] for at in range(0, len(text), size)])
    assert found == [
        Line(b"{}", 1, 0, 2),
        Line(long[:HEAD], 2, 5, len(long) + 1),
        Line(b"{}", 5003, len(text) - 3, 2),
    ]


def test_an_element_over_the_limit_is_never_held_as_a_whole():
    cutter = ArrayCutter(FORMATS["json"], limit=2000)
    for _ in range(50):
        assert list(cutter.feed(b"x" * 1500)) == []
        assert len(cutter._carry) <= 2000
    [run] = cutter.feed(b"]")
    assert next(iter(run)).length == 75_000


def test_blanks_between_elements_are_never_held_as_a_whole():
    cutter = ArrayCutter(FORMATS["json"], limit=2000)
    blanks = [run for _ in range(50) for run in cutter.feed(b" \n" * 750)]
    assert not any(map(len, blanks))
    assert len(cutter._carry) <= 2000
    [run] = cutter.feed(b"{}]")
    assert next(iter(run)) == Line(b"{}", 37_501, 75_000, 2)
