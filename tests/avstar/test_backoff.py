"""How long to wait before an attempt is repeated."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.backoff import backoff

HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(HEX, st.integers(1, 10_000), st.floats(0, 3600), st.floats(0, 3600))
def test_a_wait_is_within_the_doubled_base_and_the_maximum(request_id, attempt, base, most):
    wait = backoff(request_id, attempt, base=base, most=most)

    assert 0 <= wait <= most
    assert wait <= base * 2.0 ** min(attempt - 1, 100)


@given(HEX, st.integers(1, 20))
def test_the_same_attempt_waits_the_same_in_every_run(request_id, attempt):
    assert backoff(request_id, attempt, base=0.5, most=30) == backoff(
        request_id, attempt, base=0.5, most=30
    )


def test_a_wait_is_this_in_every_process():
    waits = [backoff("0" * 32, attempt, base=1, most=1) for attempt in (1, 2)]

    assert [round(wait, 6) for wait in waits] == [0.925922, 0.66593]


def test_waits_spread_evenly_over_the_whole_range():
    waits = [backoff(f"{number:032x}", 3, base=1, most=30) for number in range(2000)]

    assert 1.9 < statistics.mean(waits) < 2.1
    assert [round(share, 1) for share in statistics.quantiles(waits, n=4)] == [1.0, 2.0, 3.0]
    assert len(set(waits)) == len(waits)


def test_the_range_doubles_until_the_maximum():
    longest = [
        max(backoff(f"{number:032x}", attempt, base=0.5, most=30) for number in range(500))
        for attempt in range(1, 9)
    ]

    assert [round(wait, 0 if wait > 2 else 1) for wait in longest] == [0.5, 1, 2, 4, 8, 16, 30, 30]
