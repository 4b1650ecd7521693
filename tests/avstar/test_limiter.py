"""A sliding window kept, whatever the network does."""

import heapq
import math
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.limiter import BURST_SHARE, CLOCK_SLACK, WindowLimiter
from connectors.avstar.rate import Rate

BEGIN = 1000.0


class Trip(NamedTuple):
    """A request's way to the server and back, and how long the client then has nothing to send."""

    there: float
    back: float
    hold_up: float = 0.0


class Passage(NamedTuple):
    started: float
    arrived: float


def simulate(
    rate: Rate, trips: Sequence[Trip], *, concurrency: int, requests: int
) -> list[Passage]:
    """Send requests as fast as the limiter lets them and tell when each started and arrived."""
    limiter = WindowLimiter(rate, BEGIN)
    done: list[float] = []
    passages: list[Passage] = []
    now = demand = BEGIN
    for trip in cycle(trips):
        while (wait := max(demand - now, limiter.wait(now))) > 0 or len(done) == concurrency:
            woken = now + wait if len(done) < concurrency else math.inf
            now = max(math.nextafter(now, math.inf), min(woken, done[0] if done else math.inf))
            assert now < math.inf, "nothing in flight, and still nothing may start"
            while done and done[0] <= now:
                limiter.finish(heapq.heappop(done))
        limiter.start(now)
        passages.append(Passage(now, now + trip.there))
        heapq.heappush(done, now + trip.there + trip.back)
        demand = now + trip.hold_up
        if len(passages) == requests:
            return passages
    raise AssertionError


@st.composite
def networks(draw: Callable[..., object]) -> tuple[Rate, list[Trip], int]:
    requests = draw(st.integers(1, 40))
    seconds = draw(st.floats(0.01, 1000))
    share = st.floats(0, 3) | st.just(0.0) | st.floats(0, 1 / requests)
    trip = st.builds(
        lambda there, back, hold_up: Trip(there * seconds, back * seconds, hold_up * seconds),
        share, share, st.just(0.0) | share,
    )  # fmt: skip
    return (
        Rate(requests, seconds),
        draw(st.lists(trip, min_size=1, max_size=30)),
        draw(st.integers(1, 60)),
    )


@given(networks())
def test_no_window_at_the_server_ever_sees_more_than_the_quota(network):
    rate, trips, concurrency = network

    passages = simulate(rate, trips, concurrency=concurrency, requests=3 * rate.requests + 20)

    arrivals = sorted(passage.arrived for passage in passages)
    window = rate.seconds * (1 + CLOCK_SLACK / 2)
    for first, over in zip(arrivals, arrivals[rate.requests :], strict=False):
        assert over - first > window


@given(
    st.integers(1, 200),
    st.floats(0.01, 1000),
    st.lists(st.tuples(st.floats(0, 0.02), st.floats(0, 0.02)), min_size=1, max_size=20),
)
def test_nearly_all_of_the_quota_is_used_in_steady_state(requests, seconds, ways):
    rate = Rate(requests, seconds)
    latency = max(there + back for there, back in ways) * seconds
    trips = [Trip(there * seconds, back * seconds) for there, back in ways]

    passages = simulate(rate, trips, concurrency=requests, requests=8 * requests + 1)

    steady = passages[2 * requests :]
    achieved = (len(steady) - 1) / (steady[-1].started - steady[0].started)
    assert achieved >= 0.98 * requests / (seconds + latency)


@given(networks())
def test_a_burst_after_a_hold_up_is_bounded(network):
    rate, trips, concurrency = network

    starts = [
        passage.started
        for passage in simulate(rate, trips, concurrency=concurrency, requests=2 * rate.requests)
    ]

    caught_up = max(1, int(rate.requests * BURST_SHARE)) + 1
    for i, first in enumerate(starts):
        most = caught_up + rate.per_second * (starts[-1] - first)
        assert len(starts) - i <= most + 1e-3


@pytest.mark.parametrize(("requests", "seconds"), [(1, 1), (10, 1), (600, 60), (7, 3)])
def test_a_new_limiter_takes_its_window_as_evenly_used(requests, seconds):
    passages = simulate(
        Rate(requests, seconds), [Trip(0, 0)], concurrency=requests, requests=requests
    )

    for number, passage in enumerate(passages, 1):
        evenly = number * seconds / requests
        assert evenly <= passage.started - BEGIN <= evenly * (1 + 2 * CLOCK_SLACK)


def test_a_limiter_in_a_window_of_its_predecessor_keeps_the_quota():
    rate = Rate(10, 1)
    before = simulate(rate, [Trip(0.005, 0.005)], concurrency=10, requests=50)
    restarted = before[-1].arrived
    after = [
        passage.arrived - BEGIN + restarted
        for passage in simulate(rate, [Trip(0.005, 0.005)], concurrency=10, requests=50)
    ]

    arrivals = [passage.arrived for passage in before] + after

    spacing = [over - first for first, over in zip(arrivals, arrivals[10:], strict=False)]
    assert min(spacing) > 1


def old(rate: Rate) -> WindowLimiter:
    """Make a limiter that began long before time 0."""
    return WindowLimiter(rate, -1000 * rate.seconds)


def test_with_the_whole_quota_in_flight_nothing_starts_before_one_finishes():
    limiter = old(Rate(2, 1))
    limiter.start(0.0)
    limiter.start(0.5)

    assert limiter.wait(1e9) == math.inf
    limiter.finish(2e9)
    assert limiter.wait(2e9) == pytest.approx(1 + CLOCK_SLACK)


def test_a_place_comes_back_a_window_after_the_request_finished():
    limiter = old(Rate(1, 60))
    limiter.start(0.0)
    limiter.finish(5.0)

    assert limiter.wait(5.0) == pytest.approx(60 * (1 + CLOCK_SLACK))
    assert limiter.wait(65.0) == pytest.approx(0.06)
    assert limiter.wait(65.07) == 0


def test_the_flow_is_paced_between_starts():
    limiter = old(Rate(10, 1))
    limiter.start(0.0)
    limiter.start(0.0)

    assert limiter.wait(0.0) == pytest.approx(0.1)
    assert limiter.wait(0.1) == 0


def test_what_is_in_flight_or_in_the_window_is_used_as_of_the_last_request():
    limiter = old(Rate(4, 1))
    assert limiter.used() == 0
    limiter.start(0.0)
    limiter.start(0.0)
    assert limiter.used() == 0.5
    limiter.finish(0.5)
    assert limiter.used() == 0.5
    limiter.wait(1.4)
    assert limiter.used() == 0.5
    limiter.wait(1.6)
    assert limiter.used() == 0.25


@given(st.integers(1, 40), st.integers(0, 60))
def test_the_share_in_use_is_never_more_than_all(requests, in_flight):
    limiter = WindowLimiter(Rate(requests, 1), 0.0)
    for _ in range(in_flight):
        limiter.start(0.0)

    assert limiter.used() == min(1.0, in_flight / requests)
