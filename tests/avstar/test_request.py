"""Spots as an HTTP request."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.request import Named, body, bulk_body, bulk_id, fields
from connectors.records import Spot

TEXT = st.text(min_size=1)


@given(TEXT, TEXT, TEXT, TEXT, st.integers(1, 2**31 - 1))
def test_the_body_keeps_every_string_exactly(spot_id, station, airtime, advertiser, duration):
    spot = Spot(1, 0, spot_id, station, airtime, duration, advertiser, "0" * 32, b"")

    assert json.loads(body(spot)) == {
        "spot_id": spot_id,
        "station": station,
        "airtime": airtime,
        "duration_sec": duration,
        "advertiser": advertiser,
    }


def test_the_body_is_utf8_in_one_line_without_padding(spot):
    assert body(spot).decode() == (
        '{"spot_id":"SP1","station":"KABC","airtime":"2026-11-24T05:30:00-05:00",'
        '"duration_sec":30,"advertiser":"Müller & Söhne"}'
    )


def sent_with(*told) -> dict[str, str]:
    lines = fields(*told).decode().split("\r\n")
    assert lines.pop() == ""
    return dict(line.split(": ") for line in lines)


def test_the_headers_are_these_and_no_more(spot):
    sent = sent_with(spot.request_id, "s3cret")

    assert sent.pop("traceparent")
    assert sent == {
        "Authorization": "Bearer s3cret",
        "Content-Type": "application/json",
        "X-Request-ID": spot.request_id,
    }


def test_the_trace_id_is_the_request_id(spot):
    version, trace, span, flags = sent_with(spot.request_id, "t")["traceparent"].split("-")

    assert (version, trace) == ("00", spot.request_id)
    assert re.fullmatch(r"[0-9a-f]{16}", span)
    assert int(span, 16)
    assert re.fullmatch(r"[0-9a-f]{2}", flags)


def test_every_attempt_is_a_span_of_its_own(spot):
    assert len({sent_with(spot.request_id, "t")["traceparent"] for _ in range(100)}) == 100


def test_a_named_attempt_carries_its_own_trace_and_whether_it_is_sampled(spot):
    named = Named(spot.request_id, 0xABC, sampled=True)

    sent = sent_with("f" * 32, "t", named)

    assert sent["X-Request-ID"] == "f" * 32
    assert sent["traceparent"] == f"00-{spot.request_id}-0000000000000abc-01"


@pytest.mark.parametrize("which", ["request ID", "token", "trace"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x7f"])
def test_no_header_can_smuggle_another(which, end):
    told = dict.fromkeys(("request ID", "token", "trace"), "a") | {which: f"a{end}X-Evil: 1"}

    with pytest.raises(ValueError, match="control character"):
        fields(told["request ID"], told["token"], Named(told["trace"], 1, sampled=False))


def test_a_renewed_token_is_sent(spot):
    assert [sent_with(spot.request_id, token)["Authorization"] for token in ("a", "b", "a")] == [
        "Bearer a",
        "Bearer b",
        "Bearer a",
    ]


def test_a_bulk_body_holds_each_spot_as_it_would_be_sent_alone_and_its_request_id(spots):
    many = spots(3)

    found = json.loads(bulk_body(many))

    assert found == [{"request_id": spot.request_id, **json.loads(body(spot))} for spot in many]


def test_the_same_spots_have_the_same_bulk_id_and_others_another(spots):
    many = spots(3)

    assert bulk_id(many) == bulk_id(spots(3))
    assert re.fullmatch(r"[0-9a-f]{32}", bulk_id(many))
    others = [many[:2], many[1:], many[::-1], many[:1]]
    assert len({bulk_id(some) for some in [many, *others]}) == 5
    assert bulk_id(many[:1]) != many[0].request_id
