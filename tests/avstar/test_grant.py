"""What an announcement leaves to us, figure by figure."""

from itertools import pairwise

import pytest

from connectors.avstar.announced import Announced
from connectors.avstar.grant import FLOOR_SHARE, RESERVE_SHARE, Grant
from connectors.avstar.limiter import WindowLimiter
from connectors.avstar.rate import Rate

RATE = Rate(600, 60)
NEVER = -1e9


def granted(*announced, own=0, in_flight=0, asked=0.0, now=1.0):
    grant = Grant(RATE)
    grant.learn(announced, asked, own, in_flight, now)
    return grant


def ours(remaining, limit=600):
    return Announced(limit, remaining, 60, 60)


def test_what_is_used_and_not_ours_is_taken_out_with_a_reserve():
    grant = granted(ours(400), own=50)
    assert grant.places(1.0) == 600 - 150 - RESERVE_SHARE * 600


def test_a_reserve_is_no_larger_than_what_others_use():
    assert granted(ours(595), own=0).places(1.0) == 600 - 5 - 5


def test_a_window_full_of_our_own_changes_nothing():
    assert granted(ours(0), own=600).places(1.0) == 600


def test_a_lower_limit_than_ours_counts():
    assert granted(ours(90, limit=90), own=0).places(1.0) == 90


def test_of_several_the_strictest_counts():
    assert granted(ours(600), ours(50, limit=100), ours(600)).places(1.0) == 100 - 50 - 5


def test_the_answer_to_an_older_request_says_nothing_new():
    grant = granted(ours(400), asked=10.0, now=11.0)
    before = grant.places(11.0)
    grant.learn([ours(600)], 9.0, 0, 0, 11.5)
    assert grant.places(11.5) == before
    grant.learn([ours(600)], 10.5, 0, 0, 12.0)
    assert grant.places(12.0) == 600


def test_a_figure_holds_for_a_window():
    grant = granted(ours(0), now=1.0)
    assert grant.places(60.9) == 0
    assert grant.places(61.0) == 600


def test_what_is_left_of_another_window_is_spread_until_its_reset_and_a_second():
    """Resets are rounded down by many: the last requests must not come before it."""
    grant = granted(Announced(300, 104, 49, 3600), in_flight=4)
    assert grant.spaced(0.0, 1.0) == pytest.approx(50 / 100)


def test_a_spread_is_never_slower_than_a_tenth_of_our_rate():
    grant = granted(Announced(1000, 1, 3000, 3600))
    assert grant.spaced(0.0, 1.0) == pytest.approx(0.1 / FLOOR_SHARE)


def test_plenty_left_of_another_window_spreads_nothing():
    assert granted(Announced(100_000, 90_000, 3000, 3600)).spaced(0.0, 1.0) == -float("inf")


def test_an_announcement_slows_a_lane_to_a_tenth_and_never_stops_it():
    limiter = WindowLimiter(RATE, 20, -1e6)
    starts, now = [], 0.0
    while now < 50.0:
        if wait := limiter.wait(now):
            now += wait
            continue
        left = limiter.start(now)
        limiter.finish(now)
        starts.append(now)
        limiter.learn(
            [ours(0)], now, left, now
        )  # nonsense: it was admitted, and nobody else is there
    slow = RATE.seconds / RATE.requests / FLOOR_SHARE
    gaps = [later - earlier for earlier, later in pairwise(starts[30:])]
    assert gaps == pytest.approx([slow] * len(gaps))
    assert len(starts) >= 50 / slow - 1
