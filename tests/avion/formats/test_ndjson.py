import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.formats import Ndjson

NDJSON = Ndjson()


@given(text=st.binary(max_size=60), last=st.booleans())
def test_records_and_rest_are_the_whole(text, last):
    pieces, rest = NDJSON.cut(text, last=last, limit=10)
    assert b"".join(piece + b"\n" for piece in pieces) + rest == text
    assert b"\n" not in rest


def test_the_records_stay_bytes_for_the_schema():
    assert list(NDJSON.decode([b"{}", b"\xff"], ())) == [b"{}", b"\xff"]


def test_there_is_no_header():
    assert NDJSON.header(b"{}") == NDJSON.header(None) == ()


@given(
    value=st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
    )
)
def test_any_json_object_is_well_formed(value):
    assert NDJSON.malformed(json.dumps(value).encode(), ()) is None
    assert NDJSON.malformed(json.dumps(value, ensure_ascii=False).encode() + b"\r", ()) is None


@pytest.mark.parametrize(
    "raw",
    [b"{", b'{"a": 1} {"b": 2}', b'{"a": 1,}', b"{'a': 1}", b"SP1,WXYZ", b'{"a": "\t"}', b"\0{}"],
)
def test_what_cannot_be_parsed_is_not_json(raw):
    reason, detail = NDJSON.malformed(raw, ())
    assert reason == "not_json"
    assert detail.startswith("not JSON: ")


@pytest.mark.parametrize("raw", [b"[]", b'"SP1"', b"5", b"null", b"true"])
def test_json_that_is_no_object_is_no_record(raw):
    assert NDJSON.malformed(raw, ()) == (
        "not_json",
        "not a JSON object: a record looks like {...}",
    )


def test_half_a_surrogate_pair_is_not_json():
    assert NDJSON.malformed(rb'{"SpotID": "\ud800"}', ()).reason == "not_json"


def test_the_first_byte_that_is_not_utf8_is_named():
    raw = '{"ClientName": "Zoë"}'.encode("latin-1")
    assert NDJSON.malformed(raw, ()) == ("encoding", "byte 19 of the line is not UTF-8")


def test_a_deeply_nested_line_is_a_bad_record_and_not_the_end_of_the_run():
    raw = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert NDJSON.malformed(raw, ()).reason == "not_json"
