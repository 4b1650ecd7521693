"""What came back, understood."""

import json
import math
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from connectors.avstar.announced import Announced
from connectors.avstar.answer import DETAIL_LIMIT, Answer, read_answer, retry_after

NOW = datetime(2026, 11, 24, 5, 30, tzinfo=timezone.utc)
PROBLEM = {"Content-Type": "application/problem+json; charset=utf-8"}


def http_date(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


def wait(value: str, date: str | None = None) -> float | None:
    headers = {"Retry-After": value} | ({} if date is None else {"Date": date})
    return retry_after(headers, NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 120 ", 120),
        ("007", 7),
        ("86400", 86400),
        ("1.5", 1.5),
        ("0.020", 0.02),
    ],
)
def test_retry_after_in_seconds(value, seconds):
    assert wait(value) == seconds


def test_retry_after_as_a_date_counts_from_the_servers_own_clock():
    fast_server = http_date(3600)

    assert wait(http_date(3610), fast_server) == 10


def test_retry_after_as_a_date_counts_from_ours_where_the_server_has_none():
    assert wait(http_date(10)) == 10
    assert wait(http_date(10), "yesterday") == 10


def test_retry_after_needs_no_clock_of_the_caller():
    soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=1000), usegmt=True)

    assert 900 < retry_after({"Retry-After": soon}) <= 1000


def test_a_date_that_has_passed_asks_for_no_wait():
    assert wait(http_date(-10), http_date(0)) == 0


@pytest.mark.parametrize(
    "form", ["Tue, 24 Nov 2026 05:30:10 GMT", "Tuesday, 24-Nov-26 05:30:10 GMT",
             "Tue Nov 24 05:30:10 2026", "Tue, 24 Nov 2026 05:30:10 -0000",
             "Tue, 24 Nov 2026 00:30:10 -0500"],
)  # fmt: skip
def test_every_form_of_a_date_is_read_as_utc(form):
    assert wait(form, http_date(0)) == 10


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "-5",
        "+5",
        "-1.5",
        ".5",
        "1.",
        "1e3",
        "soon",
        "5, soon",
        "²",
        "NaN",
        "inf",
        "Tue, 99 Nov 2026",
    ],
)
def test_a_retry_after_that_makes_no_sense_is_as_good_as_none(value):
    assert wait(value, http_date(0)) is None


@pytest.mark.parametrize("skew", [-86400 * 365, -3600, 3600, 86400 * 365])
def test_a_date_of_a_server_whose_clock_is_wrong_means_what_it_says(skew):
    assert wait(http_date(skew + 90), http_date(skew)) == 90


@pytest.mark.parametrize("value", ["999999999", "9" * 300, "9" * 400])
def test_a_wait_is_never_cut_however_long(value):
    assert wait(value) == min(float(value), sys.float_info.max)
    assert wait("Fri, 31 Dec 9999 23:59:59 GMT", http_date(0)) > 2e11


@pytest.mark.parametrize("values", [["120", "5"], ["5", "120"], ["5, 120"], ["120,120"]])
def test_of_several_waits_the_longest_counts(values):
    headers = CIMultiDict([("retry-after", value) for value in values])
    assert retry_after(headers) == 120


def test_words_that_are_no_text_are_words_all_the_same():
    """Of a header that is no UTF-8 our client makes surrogates, which nothing can write."""
    answer = read_answer(302, {"Location": "http://x/caf\udce9"}, b"caf\xe9")
    assert answer.detail.encode()
    assert "redirects to http://x/caf?" in answer.detail


def test_without_a_retry_after_there_is_none():
    assert retry_after({"Date": http_date(0)}, NOW) is None


@given(st.text(max_size=60) | st.text("0123456789 :,-+GMTueNov", max_size=40))
@example("9" * 400)
@example("Tue, 24 Nov 2026 05:30:10 +99999999999999999999")
def test_whatever_the_server_writes_is_a_wait_that_ends_or_none(value):
    for seconds in (wait(value), wait(http_date(9), value)):
        assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def test_a_problem_is_told_in_its_own_words():
    problem = {"type": "urn:x:invalid", "title": "No", "detail": "duration_sec: over\n 3600"}

    answer = read_answer(422, PROBLEM, json.dumps(problem).encode())

    assert answer == Answer(422, "No: duration_sec: over 3600", None, "urn:x:invalid")


@pytest.mark.parametrize(
    ("headers", "body", "detail"),
    [
        ({}, b"plain words", "plain words"),
        ({"Content-Type": "text/html"}, b"<h1>Bad\r\n Gateway</h1>", "<h1>Bad Gateway</h1>"),
        ({"Content-Type": "text/html"}, b'{"title": "not said"}', '{"title": "not said"}'),
        (PROBLEM, b"", ""),
        (PROBLEM, b"{", "{"),
        (PROBLEM, b"[1, 2]", "[1, 2]"),
        (PROBLEM, b"null", "null"),
        (PROBLEM, b'{"title": null, "detail": ""}', '{"title": null, "detail": ""}'),
        (PROBLEM, b'{"title": 5}', "5"),
        (PROBLEM, b"\xff\xfe", "��"),
    ],
)  # fmt: skip
def test_what_is_no_problem_is_told_as_it_came(headers, body, detail):
    assert read_answer(400, headers, body).detail == detail


def test_long_words_are_cut():
    assert len(read_answer(500, {}, b"x" * 10_000).detail) == DETAIL_LIMIT
    long_problem = json.dumps({"detail": "y" * 10_000}).encode()
    assert len(read_answer(500, PROBLEM, long_problem).detail) == DETAIL_LIMIT


def test_json_nested_without_end_is_only_a_bad_answer():
    assert read_answer(400, PROBLEM, b"[" * 60_000).status == 400


def test_what_a_success_says_is_nobodys_affair():
    assert read_answer(201, PROBLEM, b'{"title": "Scheduled"}') == Answer(201, "")


@given(st.integers(100, 599), st.binary(max_size=200), st.sampled_from([PROBLEM, {}]))
def test_any_body_is_an_answer(status, body, headers):
    assert read_answer(status, headers, body).status == status


def test_the_wait_is_read_from_the_headers():
    headers = {"Retry-After": http_date(60), "Date": http_date(50)}

    assert read_answer(429, headers, b"", NOW).retry_after == 10


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [
        (302, b"", "redirects to https://other/v2"),
        (308, b"<p>Moved</p>", "<p>Moved</p> redirects to https://other/v2"),
        (404, b"gone", "gone"),
    ],
)
def test_a_redirect_says_where_it_leads_but_not_what_it_asks_there(status, body, detail):
    answer = read_answer(status, {"Location": "https://other/v2?session=s3cret"}, body)

    assert answer.detail == detail


@pytest.mark.parametrize("kind", [PROBLEM, {}])
@pytest.mark.parametrize("secret", ["tok/5d1f90aa", 'q"uote\\d-1', "x" * 400])
def test_no_secret_is_repeated_however_it_is_written_or_cut_off(kind, secret):
    words = f"{'w' * 450} {secret} {secret}"
    escaped = json.dumps({"title": "No", "detail": words}).replace("/", "\\/").encode()

    answer = read_answer(422, kind, escaped if kind else words.encode(), secrets=[secret])

    assert "***" in answer.detail
    assert not [part for part in (secret[:8], secret[-8:]) if part in answer.detail]


def test_a_toy_of_a_secret_does_not_garble_the_words():
    assert read_answer(422, {}, b"station unknown", secrets=["t", ""]).detail == "station unknown"


def test_the_quota_is_read_from_the_headers_of_any_answer():
    headers = {"RateLimit": '"ingest";r=3;t=7'}

    for status in (201, 409, 429, 500):
        assert read_answer(status, headers, b"", NOW).announced == (Announced(None, 3, 7, None),)


def test_a_gateway_that_waits_no_longer_may_have_passed_the_request_on():
    given_up = {status: read_answer(status, {}, b"").given_up for status in (201, 502, 503, 504)}

    assert given_up == {201: False, 502: False, 503: False, 504: True}
