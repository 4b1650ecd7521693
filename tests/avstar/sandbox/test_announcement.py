from datetime import datetime, timezone

import pytest

from connectors.avstar.rate import Rate
from connectors.avstar.sandbox.announcement import announce, retry_after
from connectors.avstar.sandbox.window import SlidingWindow

CLOCK = datetime(2026, 11, 24, 5, 30, 0, 250_000, tzinfo=timezone.utc).timestamp()


@pytest.fixture
def window():
    window = SlidingWindow(Rate(600, 60))
    for now in (0.0, 10.0, 20.0):
        window.admit(now)
    return window


def test_nothing_is_announced_by_default(window):
    assert announce("none", window, 20.0, CLOCK) == {}


def test_the_ietf_headers_give_policy_remaining_and_seconds(window):
    assert announce("ietf", window, 20.5, CLOCK) == {
        "RateLimit-Policy": '"ingest";q=600;w=60',
        "RateLimit": '"ingest";r=597;t=40',
    }


def test_the_x_headers_give_the_reset_in_unix_time(window):
    assert announce("x", window, 20.0, 1_000.5) == {
        "X-RateLimit-Limit": "600",
        "X-RateLimit-Remaining": "597",
        "X-RateLimit-Reset": "1041",
    }


def test_an_untouched_window_has_everything_left_and_nothing_to_wait_for():
    fresh = SlidingWindow(Rate(5, 0.5))
    assert announce("ietf", fresh, 3.0, CLOCK) == {
        "RateLimit-Policy": '"ingest";q=5;w=1',
        "RateLimit": '"ingest";r=5;t=0',
    }


@pytest.mark.parametrize(("wait", "value"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (14.01, "15")])
def test_retry_after_in_seconds_is_rounded_up_and_never_zero(wait, value):
    assert retry_after("seconds", wait, CLOCK) == {"Retry-After": value}


def test_retry_after_as_a_date_is_rounded_up_to_the_second():
    assert retry_after("date", 10.0, CLOCK) == {"Retry-After": "Tue, 24 Nov 2026 05:30:11 GMT"}


def test_retry_after_can_be_left_out():
    assert retry_after("none", 10.0, CLOCK) == {}
