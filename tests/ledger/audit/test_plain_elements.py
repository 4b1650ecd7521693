import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.avion.array_cutter import ArrayCutter
from connectors.avion.formats import FORMATS
from connectors.ledger.audit import plain_elements as module
from connectors.ledger.audit.plain_lines import plain_lines
from connectors.records import Line

ELEMENTS = [
    b"{}",
    b'{"a": "],[\\"\\\\"}',
    b'{"a": {"b": [1, {"c": 2}]}}',
    b"[1, 2]",
    b'"te,xt"',
    b"null",
    b"}",
    b"\xff\0",
    b"",
    b'{"a": "' + b"x" * 90 + b'"}',
]
BLANKS = [b"", b" ", b"\n", b"\r\n \t"]

elements = st.tuples(*map(st.sampled_from, (BLANKS, ELEMENTS, BLANKS))).map(b"".join)
arrays = st.lists(elements, max_size=12).map(b",".join)


def plain(data: bytes, limit: int = 1000) -> list[Line]:
    return list(plain_lines(io.BytesIO(data), "json", limit=limit))


def ours(data: bytes, limit: int, places: list[int]) -> list[Line]:
    begin = data.index(b"[") + 1
    cutter = ArrayCutter(FORMATS["json"], offset=begin, limit=limit)
    cutter.number += data.count(b"\n", 0, begin)
    bounds = [begin, *sorted(begin + place % (len(data) - begin) for place in places), len(data)]
    runs = [run for start, end in pairwise(bounds) for run in cutter.feed(data[start:end])]
    assert cutter.whole
    return [line for run in [*runs, *cutter.close()] for line in run]


@settings(max_examples=300)
@given(
    arrays,
    st.sampled_from([b"[", b"\xef\xbb\xbf[", b"\n [\n"]),
    st.sampled_from([b"]", b"\n]\n"]),
    st.integers(5, 150),
    st.lists(st.integers(0, 1 << 16), max_size=5),
    st.integers(1, 60),
)
def test_two_readings_of_one_array_agree(
    array: bytes, begin: bytes, end: bytes, limit: int, places: list[int], block: int
) -> None:
    data = begin + array + end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        assert plain(data, limit) == ours(data, limit, places)


def test_an_element_is_a_record_with_its_line_and_offset() -> None:
    assert plain(b'\n[{"a": [","]} ,\n\n {}\n]\n') == [
        Line(b'{"a": [","]}', 2, 2, 12),
        Line(b"{}", 4, 19, 2),
    ]


def test_of_an_element_over_the_limit_only_the_head_is_held() -> None:
    found = plain(b"[" + b"x" * 5000 + b",1]", limit=2000)
    assert found == [Line(b"x" * 1024, 1, 1, 5000), Line(b"1", 1, 5002, 1)]
