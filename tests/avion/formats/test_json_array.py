import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.formats import json_array
from connectors.avion.formats.json_array import JsonArray, Nesting


def cut(data):
    return JsonArray().cut(data, last=False, limit=1000)


def test_elements_end_at_commas_and_the_array_at_its_bracket():
    assert cut(b' {"a": 1},\n[2],3, "x,]" ]\n') == (
        [b' {"a": 1}', b"\n[2]", b"3", b' "x,]" '],
        b"\n",
    )


def test_an_element_that_does_not_end_is_the_rest():
    assert cut(b'{},{"a": "},') == ([b"{}"], b'{"a": "},')


def test_brackets_and_quotes_within_a_text_are_none():
    record = json.dumps({"a": '"]}\\', "b": {"c": [["]"]]}}).encode()
    assert cut(record + b"," + record + b"]") == ([record, record], b"")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_look_may_go_on_from_block_to_block(size):
    text = b'{"a": "\\\\\\"]", "b": [1, {}]} ,x'
    nesting, at = Nesting(), 0
    while (end := nesting.end(text[at : at + size])) < 0:
        at += size
    assert text[at + end :] == b",x"


def test_a_record_of_many_members_that_is_cut_costs_one_look():
    text = b"{" + b'"a": "\\"x", "b": [1], ' * 20_000
    began = time.perf_counter()
    assert cut(text) == ([], text)
    assert time.perf_counter() - began < 5  # backtracking would take longer than the universe has


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"[1]", "not_json"), (b'{"a": tru}', "not_json"), (b'{"a": "\xff"}', "encoding")],
)
def test_what_is_no_object_is_malformed(raw, reason):
    assert JsonArray().malformed(raw, ()).reason == reason


def test_an_object_is_not_malformed():
    assert JsonArray().malformed(b"{}", ()) is None


records = st.lists(
    st.dictionaries(st.text("ab"), st.text('{}[],:"\\ é', max_size=9) | st.integers(), min_size=1),
    min_size=1,
    max_size=9,
)
flaws = st.sampled_from([b"", b"", b"x", b"}", b"{", b'"', b"\\", b",", b"[", b"]"])


@given(records, st.sampled_from([",", ", ", ",\n  "]))
def test_records_written_evenly_come_back_whatever_stands_in_their_texts(spots, gap):
    text = gap.join(json.dumps(spot, ensure_ascii=False) for spot in spots).encode()
    pieces, rest = cut(text + b" ]\n")
    assert [json.loads(piece) for piece in pieces] == spots
    assert rest == b"\n"


@given(records, st.sampled_from([",", ", ", " ,\n  "]), flaws, st.integers(0, 1 << 16))
def test_what_is_cut_at_once_is_cut_as_one_by_one(spots, gap, flaw, at):
    text = gap.join(json.dumps(spot) for spot in spots).encode() + b"," * (at % 2)
    at %= len(text)
    text = text[:at] + flaw + text[at:]
    with pytest.MonkeyPatch.context() as patch:
        at_once = cut(text)
        patch.setattr(json_array, "_plain_records", lambda _data: [])
        assert at_once == cut(text)


def test_an_even_array_is_cut_at_once():
    rows = [b'{"a": "\\"%d", "b": 1}' % i for i in range(9)]
    assert json_array._plain_records(b",\n".join(rows)) == [
        rows[0],
        *(b"\n" + r for r in rows[1:8]),
    ]


@pytest.mark.parametrize("between", [b"5,", b'"x",', b"null ,", b","])
def test_what_stands_between_records_is_an_element_of_its_own(between):
    pieces, rest = cut(b'{"a": 1},' + between + b'{"a": 2},{"a": 3},')
    assert (len(pieces), rest) == (4, b"")
