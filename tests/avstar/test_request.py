"""One spot as an HTTP request."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.request import body, headers
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


def test_the_headers_are_these_and_no_more(spot):
    sent = headers(spot, "s3cret")

    assert sent.pop("traceparent")
    assert sent == {
        "Authorization": "Bearer s3cret",
        "Content-Type": "application/json",
        "X-Request-ID": spot.request_id,
    }


def test_the_trace_id_is_the_request_id(spot):
    version, trace, span, flags = headers(spot, "t")["traceparent"].split("-")

    assert (version, trace) == ("00", spot.request_id)
    assert re.fullmatch(r"[0-9a-f]{16}", span)
    assert int(span, 16)
    assert re.fullmatch(r"[0-9a-f]{2}", flags)


def test_every_attempt_is_a_span_of_its_own(spot):
    assert len({headers(spot, "t")["traceparent"] for _ in range(100)}) == 100
