"""Quota, pauses and breaker in one place. Time is virtual: a wait for ever raises."""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.avstar.announced import Announced
from connectors.avstar.breaker import Breaker, State
from connectors.avstar.congestion import Congestion
from connectors.avstar.gate import Admission, Gate
from connectors.avstar.limiter import WindowLimiter
from connectors.avstar.rate import Rate
from connectors.avstar.toll import Toll

FAILURES, PAUSE, IN_FLIGHT = 3, 60.0, 20
PLENTY = Rate(1_000_000, 1)
CONCURRENCY = 20


class Lane(Gate):
    """A gate in virtual time, with its breaker in view."""

    def __init__(
        self, rate: Rate = PLENTY, failures: int = FAILURES, concurrency: int = CONCURRENCY
    ) -> None:
        self.breaker = Breaker(failures, PAUSE)
        self.congestion = Congestion(concurrency)
        clock = asyncio.get_running_loop().time
        self.toll = Toll()
        limiter = WindowLimiter(rate, IN_FLIGHT, clock() - 3 * rate.seconds)
        super().__init__(limiter, self.breaker, self.congestion, clock, self.toll)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def state(self) -> State:
        return self.breaker.state(self.now)

    async def admitted(self, tried_at: int | None = None) -> Admission:
        admission = await self.enter(tried_at)
        assert admission is not None
        return admission

    async def admitted_all(self, count: int) -> list[Admission]:
        admissions = [await self.admitted() for _ in range(count)]
        await asyncio.sleep(0.1)
        return admissions

    def lose(self, admissions: list[Admission]) -> None:
        """Have their connections fail."""
        for admission in admissions:
            self.leave()
            self.heard(admission, answered=False)

    async def fail(self, count: int) -> None:
        """Have this many requests fail, one after the other."""
        for _ in range(count):
            admission = await self.admitted()
            self.leave()
            self.failed(admission)


@pytest.fixture
def play(virtually):
    """Run a scene, an async function, to its end in virtual time."""
    return lambda scene: virtually(scene())


def test_an_open_way_lets_everybody_in_at_once(play):
    async def scene():
        lane = Lane()
        admissions = await lane.admitted_all(10)
        assert admissions[-1].at < 0.001
        assert {admission.openings for admission in admissions} == {0}

    play(scene)


def test_the_quota_holds_back_what_is_too_much(play):
    async def scene():
        lane = Lane(Rate(2, 10))
        for _ in range(2):
            await lane.admitted()
        lane.leave()
        lane.leave()
        assert lane.quota_used() == 1
        assert (await lane.admitted()).at == pytest.approx(10.01)

    play(scene)


def test_better_news_of_the_quota_ends_a_wait(play):
    """One odd figure among many must not hold the lane up for as long as it would have held."""

    async def scene():
        lane = Lane(Rate(600, 60))
        first, second = await lane.admitted(), await lane.admitted()
        await asyncio.sleep(0.5)
        lane.leave()
        lane.told(first, [Announced(600, 0, 60, 60)])
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        began = lane.now
        lane.leave()
        lane.told(second, [Announced(600, 598, 60, 60)])
        assert (await waiting).at == pytest.approx(began)

    play(scene)


def test_with_the_quota_in_flight_the_next_waits_for_an_answer(play):
    async def scene():
        lane = Lane(Rate(1, 10))
        await lane.admitted()
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(100)
        assert not waiting.done()
        lane.leave()
        assert (await waiting).at == pytest.approx(110.01)

    play(scene)


def test_a_request_given_up_holds_its_place_for_longer(play):
    async def scene():
        lane = Lane(Rate(1, 10))
        await lane.admitted()
        lane.leave(given_up=True)
        assert (await lane.admitted()).at == pytest.approx(20.01)

    play(scene)


def test_first_come_is_first_served(play):
    async def scene():
        lane = Lane(Rate(1, 1))
        order: list[int] = []

        async def request(number: int) -> None:
            await lane.admitted()
            order.append(number)
            lane.leave()

        await asyncio.gather(*(request(number) for number in range(10)))
        assert order == list(range(10))

    play(scene)


def test_a_pause_holds_back_everybody_until_its_end(play):
    async def scene():
        lane = Lane()
        (admission,) = await lane.admitted_all(1)
        lane.leave()
        lane.throttled(admission, 7)
        assert lane.pause_left() == pytest.approx(7)
        began = lane.now
        admissions = await asyncio.gather(*(lane.admitted() for _ in range(20)))
        assert min(one.at for one in admissions) >= began + 7
        assert lane.now == pytest.approx(began + 7, abs=0.01)
        assert lane.pause_left() == 0

    play(scene)


def test_a_pause_reaches_those_who_already_wait(play):
    async def scene():
        lane = Lane(Rate(1, 1))
        first = await lane.admitted()
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(0.5)
        lane.leave()
        lane.throttled(first, 30)
        assert (await waiting).at >= 30.5

    play(scene)


def test_a_shorter_pause_does_not_cut_a_longer_one(play):
    async def scene():
        lane = Lane()
        admissions = await lane.admitted_all(2)
        for admission, seconds in zip(admissions, (30, 1), strict=True):
            lane.leave()
            lane.throttled(admission, seconds)
        assert (await lane.admitted()).at >= 30

    play(scene)


@pytest.mark.parametrize("seconds", [0, 5])
def test_twenty_429s_under_way_count_as_one(play, seconds):
    async def scene():
        lane = Lane()
        for admission in await lane.admitted_all(20):
            lane.leave()
            lane.throttled(admission, seconds)
            await asyncio.sleep(0.01)
        assert lane.state is State.CLOSED
        await lane.fail(FAILURES - 2)
        assert lane.state is State.CLOSED
        await lane.fail(1)
        assert lane.state is State.OPEN

    play(scene)


def test_a_429_after_every_pause_opens_the_breaker(play):
    async def scene():
        lane = Lane()
        for _ in range(FAILURES):
            for admission in await lane.admitted_all(20):
                lane.leave()
                lane.throttled(admission, 2)
        assert lane.openings == 1
        assert lane.pause_left() == pytest.approx(PAUSE)

    play(scene)


def test_failures_of_twenty_at_once_open_the_breaker_once(play):
    async def scene():
        lane = Lane()
        for admission in await lane.admitted_all(20):
            lane.leave()
            lane.failed(admission)
        assert lane.openings == 1

    play(scene)


def test_what_was_tried_before_the_breaker_opened_is_parked(play):
    async def scene():
        lane = Lane()
        admission, *_ = await lane.admitted_all(1)
        lane.leave()
        await lane.fail(FAILURES)
        assert lane.opened_since(admission)
        assert await lane.enter(admission.openings) is None
        assert lane.now < 1, "it is parked at once"

    play(scene)


def test_what_was_never_tried_waits_for_the_breaker_and_goes_in(play):
    async def scene():
        lane = Lane()
        await lane.fail(FAILURES)
        admission = await lane.admitted()
        assert admission.at == pytest.approx(PAUSE, abs=0.01)
        assert lane.state is State.PROBING

    play(scene)


def test_a_retry_that_waits_while_the_breaker_opens_is_parked(play):
    async def scene():
        lane = Lane(Rate(1, 10))
        first = await lane.admitted()
        lane.leave()
        retry = asyncio.create_task(lane.enter(first.openings))
        await asyncio.sleep(1)
        for _ in range(FAILURES):
            lane.failed(first)
        assert await retry is None

    play(scene)


def test_the_probe_is_alone_until_it_is_answered(play):
    async def scene():
        lane = Lane()
        await lane.fail(FAILURES)
        probe = await lane.admitted()
        waiting = [asyncio.create_task(lane.admitted()) for _ in range(5)]
        await asyncio.sleep(1000)
        assert not any(task.done() for task in waiting)
        lane.leave()
        lane.succeeded(probe)
        assert lane.state is State.CLOSED
        await asyncio.gather(*waiting)
        assert lane.now < 1100

    play(scene)


def test_it_is_parked_at_once_while_others_wait_for_the_pause_to_end(play):
    async def scene():
        lane = Lane()
        (tried,) = await lane.admitted_all(1)
        await lane.fail(FAILURES)
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(1)
        assert await lane.enter(tried.openings) is None
        assert lane.now < 2
        assert (await waiting).probe

    play(scene)


def test_after_a_failed_probe_the_next_one_goes_after_another_pause(play):
    async def scene():
        lane = Lane()
        await lane.fail(FAILURES)
        first = await lane.admitted()
        lane.leave()
        lane.failed(first)
        assert lane.openings == 2
        second = await lane.admitted()
        assert second.at >= first.at + PAUSE
        assert (first.probe, second.probe) == (True, True)
        lane.leave()
        lane.succeeded(second)
        assert (await lane.admitted()).at == pytest.approx(second.at, abs=0.01)

    play(scene)


def test_a_throttled_probe_opens_the_breaker_again(play):
    async def scene():
        lane = Lane()
        await lane.fail(FAILURES)
        probe = await lane.admitted()
        await asyncio.sleep(1)
        lane.leave()
        lane.throttled(probe, 100)
        assert lane.openings == 2
        assert (await lane.admitted()).at >= probe.at + 101, "the longer wait counts"

    play(scene)


def test_a_late_429_from_before_does_not_hide_the_throttled_probe(play):
    async def scene():
        lane = Lane()
        late = await lane.admitted()
        await lane.fail(FAILURES)
        probe = await lane.admitted()
        await asyncio.sleep(1)
        lane.leave()
        lane.throttled(late, 5)
        await asyncio.sleep(1)
        lane.leave()
        lane.throttled(probe, 5)
        assert lane.openings == 2
        assert await lane.admitted()

    play(scene)


def test_late_answers_from_before_say_nothing_of_an_open_breaker(play):
    async def scene():
        lane = Lane()
        good, bad = await lane.admitted(), await lane.admitted()
        await lane.fail(FAILURES)
        lane.leave()
        lane.succeeded(good)
        lane.leave()
        lane.failed(bad)
        assert lane.state is State.OPEN
        assert lane.openings == 1

    play(scene)


def test_a_success_forgets_the_failures_before_it(play):
    async def scene():
        lane = Lane()
        for _ in range(5):
            await lane.fail(FAILURES - 1)
            admission = await lane.admitted()
            lane.leave()
            lane.succeeded(admission)
        assert lane.openings == 0

    play(scene)


def test_who_gives_up_while_waiting_holds_nobody_up(play):
    async def scene():
        lane = Lane(Rate(1, 1))
        await lane.admitted()
        impatient = asyncio.create_task(lane.admitted())
        patient = asyncio.create_task(lane.admitted())
        await asyncio.sleep(1)
        impatient.cancel()
        lane.leave()
        assert (await patient).at < 3

    play(scene)


def test_no_more_than_the_limit_are_in_flight(play):
    async def scene():
        lane = Lane()
        admissions = await lane.admitted_all(CONCURRENCY)
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(100)
        assert not waiting.done()
        lane.leave()
        lane.heard(admissions[0], answered=True)
        await waiting

    play(scene)


def test_after_a_cluster_of_lost_connections_half_as_many_may_start(play):
    async def scene():
        lane = Lane()
        lane.lose(await lane.admitted_all(CONCURRENCY))
        waiting = [asyncio.create_task(lane.admitted()) for _ in range(CONCURRENCY)]
        await asyncio.sleep(100)
        assert [task.done() for task in waiting].count(True) == CONCURRENCY // 2
        for task in waiting:
            lane.leave()
            lane.heard(await task, answered=True)
        assert lane.now < 101

    play(scene)


def test_errors_of_the_api_leave_the_limit_alone(play):
    async def scene():
        lane = Lane(failures=1000)
        for _ in range(10):
            for admission in await lane.admitted_all(CONCURRENCY):
                lane.leave()
                lane.heard(admission, answered=True)
                lane.failed(admission)
        assert lane.congestion.limit == CONCURRENCY

    play(scene)


def test_it_is_logged_when_the_limit_falls_and_when_it_is_back(play, caplog):
    caplog.set_level(logging.INFO, "connectors.avstar.gate")

    async def scene():
        lane = Lane(concurrency=12)
        lane.lose(await lane.admitted_all(12))
        for _ in range(100):
            admission = await lane.admitted()
            lane.leave()
            lane.heard(admission, answered=True)

    play(scene)
    assert [(record.message, record.limit) for record in caplog.records] == [
        ("in-flight limit lowered", 6), ("in-flight limit restored", 12)
    ]  # fmt: skip


def test_throttling_and_the_breaker_are_logged(play, caplog):
    caplog.set_level(logging.INFO, "connectors.avstar.gate")

    async def scene():
        lane = Lane()
        (admission,) = await lane.admitted_all(1)
        lane.leave()
        lane.throttled(admission, 2.5)
        await lane.fail(FAILURES - 1)
        probe = await lane.admitted()
        lane.leave()
        lane.succeeded(probe)

    play(scene)
    assert [record.message for record in caplog.records] == [
        "throttled", "breaker open", "breaker half open", "breaker closed"
    ]  # fmt: skip
    assert caplog.records[0].wait_seconds == 2.5
    assert caplog.records[1].pause_seconds == PAUSE


class Reply(NamedTuple):
    """What a request gets, after how long, and how long the server says or we choose to wait."""

    kind: str
    latency: float
    wait: float


REPLIES = st.builds(
    Reply,
    st.sampled_from(["good", "throttled", "failed"]),
    st.sampled_from([0.0, 0.1, 1.0, 50.0]) | st.floats(0, 300),
    st.sampled_from([0.0, 1.0]) | st.floats(0, 100),
)


class Watched(Lane):
    """Checks every admission against what was answered before it."""

    def __init__(self, rate: Rate, failures: int, concurrency: int) -> None:
        super().__init__(rate, failures, concurrency)
        self.in_flight: list[Admission] = []
        self.paused_until = 0.0

    async def enter(self, tried_at: int | None) -> Admission | None:
        admission = await super().enter(tried_at)
        if admission is not None:
            assert admission.at >= self.paused_until
            if self.state is State.PROBING:
                assert admission.openings not in {one.openings for one in self.in_flight}
            self.in_flight.append(admission)
            assert len(self.in_flight) <= self.congestion.limit
        return admission

    def learn(self, reply: Reply, admission: Admission) -> None:
        self.in_flight.remove(admission)
        openings = self.openings
        self.heard(admission, answered=reply.kind != "failed")
        if reply.kind == "throttled":
            self.paused_until = max(self.paused_until, self.now + reply.wait)
            self.throttled(admission, reply.wait)
        elif reply.kind == "failed":
            self.failed(admission)
        else:
            self.succeeded(admission)
        if self.openings > openings:
            self.paused_until = max(self.paused_until, self.now + PAUSE)


async def settle(lane: Watched, replies: list[Reply]) -> str:
    tried_at = None
    for reply in [*replies, Reply("good", 1.0, 0.0)]:
        if (admission := await lane.enter(tried_at)) is None:
            return "parked"
        tried_at = admission.openings
        await asyncio.sleep(reply.latency)
        lane.leave()
        lane.learn(reply, admission)
        if reply.kind == "good":
            return "delivered"
        if reply.kind == "failed" and not lane.opened_since(admission):
            await asyncio.sleep(reply.wait)
    raise AssertionError


@given(
    replies=st.lists(st.lists(REPLIES, max_size=6), min_size=1, max_size=12),
    rate=st.sampled_from([PLENTY, Rate(1, 1), Rate(3, 10)]),
    failures=st.integers(1, 4) | st.just(100),
    concurrency=st.sampled_from([1, 3, CONCURRENCY]),
)
@example(
    replies=[
        [],
        [Reply("throttled", 64, 0), Reply("good", 0, 0)],
        [Reply("throttled", 0, 0), Reply("good", 0, 0)],
        [Reply("throttled", 1, 0)],
    ],
    rate=Rate(3, 10),
    failures=1,
    concurrency=CONCURRENCY,
)
def test_whatever_is_answered_everybody_gets_in_or_is_parked(
    replies: list[list[Reply]],
    rate: Rate,
    failures: int,
    concurrency: int,
    virtually: Callable[..., list[str]],
):
    async def scene() -> list[str]:
        lane = Watched(rate, failures, concurrency)
        ends = await asyncio.gather(*(settle(lane, one) for one in replies))
        assert lane.openings or "parked" not in ends
        return ends

    assert len(virtually(scene())) == len(replies)


def test_a_lane_that_is_not_held_up_counts_nothing(play):
    async def scene():
        lane = Lane(Rate(10, 60))
        for _ in range(25):  # the quota alone holds them back
            admission = await lane.admitted()
            lane.leave()
            lane.succeeded(admission)
        assert lane.now > 60
        assert lane.toll == Toll()

    play(scene)


def test_throttled_answers_are_counted_and_the_pause_is_as_long_as_somebody_waited(play):
    async def scene():
        lane = Lane(failures=100)
        for admission in await lane.admitted_all(20):
            lane.leave()
            lane.throttled(admission, 30.0)
        await asyncio.sleep(10)  # nobody is there
        await asyncio.gather(*(lane.admitted() for _ in range(5)))
        assert lane.toll.throttled == 20
        assert lane.toll.paused_seconds == pytest.approx(20)
        assert lane.toll.breaker_seconds == 0

    play(scene)


def test_an_open_breaker_holds_up_until_its_probe_succeeds(play):
    async def scene():
        lane = Lane()
        await lane.fail(FAILURES)
        probe = await lane.admitted()
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(5)  # the answer to the probe takes its time
        lane.leave()
        lane.succeeded(probe)
        await waiting
        assert lane.toll.breaker_openings == 1
        assert lane.toll.breaker_seconds == pytest.approx(PAUSE + 5)
        assert lane.toll.paused_seconds == 0

    play(scene)


def test_a_probe_that_fails_is_an_opening_of_its_own(play):
    async def scene():
        lane = Lane()
        await lane.fail(FAILURES + 2)
        assert lane.toll.breaker_openings == 3
        assert lane.toll.breaker_seconds == pytest.approx(2 * PAUSE)

    play(scene)


def test_who_comes_while_another_waits_does_not_overtake(play):
    async def scene():
        lane = Lane(concurrency=1)
        await lane.admitted()
        waiting = asyncio.create_task(lane.admitted())
        await asyncio.sleep(1)
        lane.leave()  # there is a place, and the one that waits has not run yet
        assert lane.enter_now(None) is None
        assert (await waiting).at == pytest.approx(1)
        lane.leave()
        assert lane.enter_now(None)

    play(scene)


def test_nobody_enters_at_once_whom_the_quota_or_an_opening_holds_back(play):
    async def scene():
        lane = Lane(Rate(1, 10))
        tried = lane.openings
        assert lane.enter_now(None)
        assert lane.enter_now(None) is None
        lane = Lane(failures=1)
        await lane.fail(1)
        assert lane.enter_now(tried) is None
        assert lane.enter_now(None) is None

    play(scene)
