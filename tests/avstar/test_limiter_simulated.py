"""The limiter over a simulated network: no window broken, and next to none of it wasted.

Events in virtual time. What the server sees is counted by a log of arrivals.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.limiter import (
    BURST_LEAST,
    BURST_SHARE,
    CLOCK_SLACK,
    GRACE_SECONDS,
    WindowLimiter,
)
from connectors.avstar.rate import Rate

BEGIN = 1000.0


class Trip(NamedTuple):
    """A request's way to the server and back, and how long the client then has nothing to send."""

    there: float
    back: float
    hold_up: float = 0.0


class Passage(NamedTuple):
    """When a request started, arrived, and had surely arrived by all that the client knows."""

    started: float
    arrived: float
    gone: float


class Life(NamedTuple):
    """How long a process lives until it is killed, and how soon after that the next one begins.

    For its last `stuck` seconds nothing is answered, and what it sends arrives `late` seconds
    after its death. For `idle` seconds before that it has nothing to send.
    """

    seconds: float
    gap: float = 0.0
    stuck: float = 0.0
    idle: float = 0.0
    late: float = 0.0


def burst(rate: Rate) -> int:
    return max(BURST_LEAST, int(rate.requests * BURST_SHARE))


def grace(rate: Rate) -> float:
    return min(GRACE_SECONDS, rate.seconds)


class Client:
    """Processes, one after the other, that send as much as their limiters let them."""

    def __init__(self, rate: Rate, concurrency: int, timeout: float = math.inf) -> None:
        self.rate = rate
        self.concurrency = concurrency
        self._timeout = timeout
        self.passages: list[Passage] = []
        self.now = BEGIN

    def live(self, trips: Iterator[Trip], requests: int, life: Life = Life(math.inf)) -> None:  # noqa: B008
        """Send requests until they are out, or the process is killed."""
        killed = self.now + life.seconds
        limiter = WindowLimiter(self.rate, self.concurrency, self.now)
        under_way: list[tuple[float, bool]] = []
        demand = self.now
        for trip in (next(trips) for _ in range(requests)):
            while self._wait(limiter, under_way, demand, killed):
                pass
            if self.now >= killed:
                break
            limiter.start(self.now)
            stuck = killed - life.stuck
            late = Trip(killed + life.late - self.now, math.inf)
            self._send(late if self.now >= stuck else trip, under_way, killed)
            demand = self.now + trip.hold_up
            if stuck - life.idle <= demand < stuck:
                demand = stuck
        if killed < math.inf:
            self.now = killed + life.gap

    def _wait(
        self,
        limiter: WindowLimiter,
        under_way: list[tuple[float, bool]],
        demand: float,
        killed: float,
    ) -> bool:
        """Let time pass to the next event, if nothing may start now."""
        wait = max(demand - self.now, limiter.wait(self.now))
        full = len(under_way) == self.concurrency
        if self.now >= killed or (wait <= 0 and not full):
            return False
        woken = math.inf if full else self.now + wait
        woken = min(woken, killed, under_way[0][0] if under_way else math.inf)
        self.now = max(math.nextafter(self.now, math.inf), woken)
        assert self.now < math.inf, "nothing in flight, and still nothing may start"
        while under_way and under_way[0][0] <= self.now:
            end, answered = heapq.heappop(under_way)
            (limiter.finish if answered else limiter.give_up)(end)
        return True

    def _send(self, trip: Trip, under_way: list[tuple[float, bool]], killed: float) -> None:
        took = trip.there + trip.back
        end, answered = self.now + min(took, self._timeout), took <= self._timeout
        heapq.heappush(under_way, (end, answered))
        late = min(end + GRACE_SECONDS, killed + grace(self.rate))
        gone = end if answered and end <= killed else late
        self.passages.append(Passage(self.now, min(gone, self.now + trip.there), gone))

    def most_at_the_server(self) -> int:
        """Count the requests in the fullest window."""
        seen = sorted(one.arrived for one in self.passages)
        window = self.rate.seconds * (1 + CLOCK_SLACK / 2)
        most = first = 0
        for last, arrived in enumerate(seen):
            while seen[first] < arrived - window:
                first += 1
            most = max(most, last - first + 1)
        return most

    def most_on_their_way(self) -> int:
        """Count the requests that were on their way at one time, as far as the client knows."""
        most, under_way = 0, []
        for one in self.passages:
            under_way = [gone for gone in under_way if gone > one.started] + [one.gone]
            most = max(most, len(under_way))
        return most

    def most_caught_up(self) -> float:
        """Return by how many requests the flow exceeded its rate in any time."""
        debt = most = 0.0
        last = BEGIN
        for one in self.passages:
            debt = max(0.0, debt - (one.started - last) * self.rate.per_second) + 1
            most, last = max(most, debt), one.started
        return most


@st.composite
def networks(draw: Callable[..., object]) -> tuple[Rate, list[Trip], int]:
    requests = draw(st.integers(1, 60))
    seconds = draw(st.sampled_from([0.01, 1.0, 60.0]) | st.floats(0.01, 1000))
    late = grace(Rate(requests, seconds)) / seconds
    share = st.floats(0, 3) | st.sampled_from([0.0, late, 1.0]) | st.floats(0, 1 / requests)
    trip = st.builds(
        lambda there, back, hold_up: Trip(there * seconds, back * seconds, hold_up * seconds),
        share, share, st.just(0.0) | share,
    )  # fmt: skip
    return (
        Rate(requests, seconds),
        draw(st.lists(trip, min_size=1, max_size=30)),
        draw(st.integers(1, 8) | st.integers(1, 80)),
    )


@given(networks())
def test_no_window_at_the_server_ever_sees_more_than_the_quota(network):
    rate, trips, concurrency = network
    client = Client(rate, concurrency)

    client.live(cycle(trips), 3 * rate.requests + 20)

    assert client.most_at_the_server() <= rate.requests


@given(networks(), st.floats(0.001, 3) | st.sampled_from([0.01, 0.1]))
def test_requests_that_are_given_up_and_come_late_break_no_window(network, timeout):
    rate, trips, concurrency = network
    client = Client(rate, concurrency, timeout * rate.seconds)

    client.live(cycle(trips), 3 * rate.requests + 20)

    assert client.most_at_the_server() <= rate.requests


@st.composite
def deaths(draw: Callable[..., object]) -> tuple[Client, list[Life], list[Trip]]:
    """Draw a client whose processes die with much on its way, and a network that is fast else."""
    requests, seconds = draw(st.integers(1, 150)), draw(st.sampled_from([0.1, 1.0, 60.0]))
    rate = Rate(requests, seconds)
    part = st.sampled_from([0.0, 0.1, 1.0]) | st.floats(0, 1)
    life = st.builds(
        lambda age, gap, stuck, idle, late: Life(
            age * seconds, gap * seconds, stuck * seconds, idle * seconds,
            late * grace(rate),
        ),
        st.sampled_from([0.5, 0.9, 3.0]) | st.floats(0, 4), st.just(0.0) | part, part, part, part,
    )  # fmt: skip
    timeout = draw(st.sampled_from([math.inf, 0.01]) | st.floats(0.001, 1))
    concurrency = draw(st.integers(1, max(1, requests // 4)))
    trip = st.builds(
        lambda there, back: Trip(there * seconds, back * seconds),
        st.just(0.0) | st.floats(0, 0.01), st.just(0.0) | st.floats(0, 0.01),
    )  # fmt: skip
    return (
        Client(rate, concurrency, timeout * seconds),
        draw(st.lists(life, min_size=1, max_size=4)),
        draw(st.lists(trip, min_size=1, max_size=3)),
    )


@given(deaths())
def test_processes_killed_at_any_moment_leave_the_next_one_a_window_that_holds(story):
    client, lives, trips = story
    way = cycle(trips)

    for life in lives:
        client.live(way, 10_000, life)
    client.live(way, 3 * client.rate.requests)

    assert client.most_at_the_server() <= client.rate.requests
    assert client.most_on_their_way() <= 2 * client.concurrency
    assert client.most_caught_up() <= burst(client.rate) + 1.001


@given(networks())
def test_a_burst_after_a_hold_up_is_bounded(network):
    rate, trips, concurrency = network
    client = Client(rate, concurrency)

    client.live(cycle(trips), 2 * rate.requests + 20)

    assert client.most_caught_up() <= burst(rate) + 1.001


def steady(rate: Rate, latency: float, concurrency: int, dice: Random) -> tuple[float, float]:
    """Send through a network of that mean latency, in seconds, as fast as the limiter lets us.

    Returns:
        Shares used: of the quota, and of what any client could use in these latencies.
    """
    client = Client(rate, concurrency)
    ways = iter(lambda: Trip(dice.uniform(0, latency), dice.uniform(0, latency)), None)
    client.live(ways, 30 * rate.requests + 200)
    passages = client.passages[3 * rate.requests + 20 :]
    seconds = passages[-1].started - passages[0].started
    used = len(passages) - 1
    in_places = sum(one.gone - one.started for one in passages[:-1]) + used * rate.seconds
    return used / (seconds * rate.per_second), in_places / (seconds * rate.requests)


@given(st.integers(1, 100), st.sampled_from([1.0, 60.0]), st.floats(0, 0.01), st.integers(0, 2**32))
def test_nearly_all_of_the_quota_is_used_where_answers_are_quick(requests, window, part, seed):
    quota, _ = steady(Rate(requests, window), part * window, requests, Random(seed))

    assert quota >= 0.98


@given(st.integers(1, 100), st.sampled_from([1.0, 60.0]), st.floats(0, 1), st.integers(0, 2**32))
def test_nearly_all_that_any_client_could_use_is_used_however_slow_the_answers(
    requests, window, part, seed
):
    by_little = requests * part / (1 + part)
    concurrency = min(requests, int(1.5 * by_little) + 10)

    _, possible = steady(Rate(requests, window), part * window, concurrency, Random(seed))

    assert possible >= 0.98
