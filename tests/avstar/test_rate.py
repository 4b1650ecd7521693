"""The quota as the API states it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.rate import Rate
from connectors.errors import RefusedError


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600/60", Rate(600, 60.0)),
        (" 10 / 1 ", Rate(10, 1.0)),
        ("1/0.5", Rate(1, 0.5)),
        ("999999999/999999", Rate(999_999_999, 999_999.0)),
    ],
)
def test_a_quota_is_requests_and_seconds(text, rate):
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "600", "600/", "/60", "0/60", "600/0", "600/0.0", "-1/60", "6e2/60", "600/60s", "a/b",
     "600/nan", "600/inf", "1.5/60", "600/60/1", "9999999999/1"],
)  # fmt: skip
def test_what_is_no_quota_is_refused_with_an_example(text):
    with pytest.raises(RefusedError, match="write requests/seconds, such as 600/60"):
        Rate.parse(text)


@given(st.text(max_size=12))
def test_any_text_is_a_quota_or_refused(text):
    try:
        rate = Rate.parse(text)
    except RefusedError:
        return
    assert rate.requests > 0
    assert rate.seconds > 0


@given(st.integers(1, 999_999_999), st.integers(1, 999_999))
def test_a_quota_written_is_the_quota_read(requests, seconds):
    rate = Rate(requests, float(seconds))

    assert Rate.parse(str(rate)) == rate


def test_a_rate_is_known_per_second():
    assert Rate(600, 60).per_second == 10


@given(st.integers(1, 10_000), st.integers(1, 100), st.floats(0.1, 3600))
def test_shares_of_a_quota_never_exceed_it(requests, lanes, seconds):
    rate = Rate(requests, seconds)
    if lanes > requests:
        with pytest.raises(RefusedError, match="use fewer"):
            rate.share(lanes)
        return

    share = rate.share(lanes)

    assert share.requests >= 1
    assert share.requests * lanes <= requests
    assert share.requests == requests // lanes
    assert share.seconds == seconds
