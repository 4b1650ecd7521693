"""The quota as answers announce it."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from connectors.avstar.announced import Announced, read_announced

NOW = datetime(2026, 11, 24, 5, 30, tzinfo=timezone.utc)
UNIX = int(NOW.timestamp())


def http_date(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "announced"),
    [
        (
            {"RateLimit": '"day";r=50;t=30', "RateLimit-Policy": '"day";q=100;w=60'},
            [Announced(100, 50, 30, 60)],
        ),
        ({"RateLimit": '"day";r=50;t=30'}, [Announced(None, 50, 30, None)]),
        ({"RateLimit": '"day";r=0'}, [Announced(None, 0, None, None)]),
        (
            {"ratelimit": "day;r=50;t=1.5", "ratelimit-policy": "day;q=100;w=60"},
            [Announced(100, 50, 1.5, 60)],
        ),
        (
            {
                "RateLimit": '"burst";r=9;t=1, "day";r=5000;t=3600',
                "RateLimit-Policy": '"day";q=9000;w=86400, "burst";q=10;w=1;pk=:dGVzdA==:',
            },
            [Announced(10, 9, 1, 1), Announced(9000, 5000, 3600, 86400)],
        ),
        (
            {
                "RateLimit": '"bytes";r=9;t=1, "day";r=5;t=36',
                "RateLimit-Policy": '"bytes";q=10;w=1;qu="content-bytes", "day";q=9;qu="requests"',
            },
            [Announced(9, 5, 36, None)],
        ),
    ],
)
def test_the_current_draft_is_read_policy_by_policy(headers, announced):
    assert list(read_announced(headers, NOW)) == announced


@pytest.mark.parametrize(
    ("headers", "announced"),
    [
        ({"RateLimit": "limit=100, remaining=50, reset=30"}, Announced(100, 50, 30, None)),
        (
            {
                "RateLimit": "limit=100, remaining=50, reset=30",
                "RateLimit-Policy": '10;w=1, 100;w=60;comment="sliding"',
            },
            Announced(100, 50, 30, 60),
        ),
        (
            {"RateLimit-Limit": "100", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"},
            Announced(100, 50, 30, None),
        ),
        (
            {"RateLimit-Limit": "100, 10;w=1, 100;w=60", "RateLimit-Remaining": "50"},
            Announced(100, 50, None, 60),
        ),
        (
            {
                "RateLimit-Limit": "100",
                "RateLimit-Policy": "100;w=60",
                "RateLimit-Remaining": "50",
                "RateLimit-Reset": str(UNIX + 30),
            },
            Announced(100, 50, 30, 60),
        ),
    ],
)
def test_older_drafts_are_read(headers, announced):
    assert read_announced(headers, NOW) == (announced,)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        ("0.25", 0.25),
        ("86400", 86400),
        (str(UNIX + 30), 30),
        (str(UNIX - 30), 0),
        (f"{UNIX + 30}.5", 30.5),
        (str(1000 * UNIX + 30_500), 30.5),
        (str(UNIX + 86400 * 365), None),  # nobody waits a year
        ("2026-11-24T05:30:30Z", None),
        ("soon", None),
        ("-5", None),
    ],
)
def test_the_reset_of_the_old_headers_is_in_seconds_or_in_unix_time(reset, seconds):
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "50",
        "X-RateLimit-Reset": reset,
    }

    assert read_announced(headers, NOW) == (Announced(100, 50, seconds, None),)


@pytest.mark.parametrize("skew", [-86400, -1, 0, 3600])
def test_a_reset_in_unix_time_counts_from_the_servers_own_clock(skew):
    headers = {
        "X-RateLimit-Remaining": "50",
        "X-RateLimit-Reset": str(UNIX + skew + 30),
        "Date": http_date(skew),
    }

    assert read_announced(headers, NOW) == (Announced(None, 50, 30, None),)


def test_a_reset_in_unix_time_needs_no_clock_of_the_caller():
    soon = int(datetime.now(timezone.utc).timestamp()) + 1000
    headers = {"X-RateLimit-Remaining": "50", "X-RateLimit-Reset": str(soon)}

    ((_, _, reset, _),) = read_announced(headers)
    assert reset is not None
    assert 900 < reset <= 1000


def test_names_are_read_in_every_spelling():
    headers = {"x-rate-limit-LIMIT": "100, 100;w=60;name=ingest", "X-Rate-Limit-Remaining": "50"}

    assert read_announced(headers, NOW) == (Announced(100, 50, None, 60),)


def test_a_header_in_several_lines_is_read_as_one():
    headers = CIMultiDict([("RateLimit", '"a";r=1'), ("Date", "-"), ("RateLimit", '"b";r=2')])

    assert [one.remaining for one in read_announced(headers, NOW)] == [1, 2]


def test_the_newest_form_counts_that_says_what_is_left():
    headers = {
        "X-RateLimit-Remaining": "1",
        "RateLimit-Remaining": "2",
        "RateLimit": '"day";r=3',
    }
    assert read_announced(headers, NOW)[0].remaining == 3
    assert read_announced(headers | {"RateLimit": '"day";t=3'}, NOW)[0].remaining == 2
    assert read_announced(headers | {"RateLimit": "r=?"}, NOW)[0].remaining == 2
    assert read_announced({"X-RateLimit-Remaining": "1"}, NOW)[0].remaining == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json", "Retry-After": "5"},
        {"RateLimit": '"day"'},
        {"RateLimit": '"day";r=-1'},
        {"RateLimit": '"day";r=many'},
        {"RateLimit": '"day";r=?1'},
        {"RateLimit": '"day";r="5"'},
        {"RateLimit": '"day;r=5'},
        {"RateLimit": "99999999999999999999"},
        {"X-RateLimit-Limit": "100", "X-RateLimit-Reset": "30"},
        {"X-RateLimit-Remaining": ""},
        {"X-RateLimit-Remaining": "NaN"},
        {"X-RateLimit-Remaining": "\udcff"},
    ],
)
def test_what_does_not_say_how_much_is_left_says_nothing(headers):
    assert read_announced(headers, NOW) == ()


def test_limits_and_windows_that_make_no_sense_are_left_out():
    headers = {"RateLimit": '"day";r=5;t=9999999', "RateLimit-Policy": '"day";q=0;w=-1'}

    assert read_announced(headers, NOW) == (Announced(None, 5, None, None),)


@given(
    st.dictionaries(
        st.sampled_from(
            ["RateLimit", "RateLimit-Policy", "RateLimit-Limit", "X-RateLimit-Limit", "Date",
             "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Remaining"]
        ),
        st.text(max_size=30) | st.text('"day;rtqw=0123456789., ()?:', max_size=30)
        | st.integers(-5, 10**16).map(str),
    )
)  # fmt: skip
@example({"RateLimit": '("a" "b");r=1, "c";r=2', "RateLimit-Policy": "()"})
def test_whatever_the_server_writes_makes_sense_or_is_left_out(headers):
    for limit, remaining, reset, window in read_announced(headers, NOW):
        assert limit is None or limit > 0
        assert remaining >= 0
        assert reset is None or 0 <= reset <= 31 * 86400
        assert window is None or 0 < window <= 31 * 86400
