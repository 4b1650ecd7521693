"""Dates of HTTP, and a server's own clock."""

from datetime import datetime, timezone

import pytest

from connectors.avstar.http_date import http_date, sent_at

NOW = datetime(2026, 11, 24, 5, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 24 Nov 2026 05:30:00 GMT",
        "Tuesday, 24-Nov-26 05:30:00 GMT",
        "Tue Nov 24 05:30:00 2026",
    ],
)
def test_every_form_of_a_date_is_read(text):
    assert http_date(text) == NOW


@pytest.mark.parametrize("text", [None, "", "soon", "Tue, 99 Nov 2026", "1795498200"])
def test_what_is_no_date_is_none(text):
    assert http_date(text) is None


def test_an_answer_was_sent_when_the_server_says_so_and_else_now():
    assert sent_at({"Date": "Tue, 24 Nov 2026 04:00:00 GMT"}, NOW) == NOW.replace(hour=4, minute=0)
    assert sent_at({"Date": "yesterday"}, NOW) == NOW
    assert sent_at({}, NOW) == NOW


def test_without_any_clock_it_was_sent_now():
    before = datetime.now(timezone.utc)

    assert before <= sent_at({}) <= datetime.now(timezone.utc)
