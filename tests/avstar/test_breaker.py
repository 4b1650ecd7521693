"""A breaker opens after failures in a row and closes after one good probe."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connectors.avstar.breaker import Breaker, State

FAILURES, PAUSE = 3, 60.0


@pytest.fixture
def opened() -> Breaker:
    """Open a breaker at time 100."""
    breaker = Breaker(FAILURES, PAUSE)
    for _ in range(FAILURES):
        breaker.failed(100.0)
    return breaker


def test_a_new_breaker_is_closed():
    breaker = Breaker(FAILURES, PAUSE)

    assert breaker.state(1e9) is State.CLOSED
    assert breaker.remaining(1e9) == 0
    assert breaker.openings == 0


def test_it_opens_with_the_last_of_the_failures_in_a_row():
    breaker = Breaker(FAILURES, PAUSE)

    assert [breaker.failed(now) for now in (1.0, 2.0, 3.0)] == [False, False, True]
    assert breaker.state(3.0) is State.OPEN
    assert breaker.openings == 1


def test_one_failure_is_enough_if_so_set():
    assert Breaker(1, PAUSE).failed(0.0)


def test_a_success_in_between_starts_the_count_anew():
    breaker = Breaker(FAILURES, PAUSE)

    for _ in range(10):
        assert not breaker.failed(1.0)
        assert not breaker.failed(1.0)
        assert not breaker.succeeded()
    assert breaker.state(1.0) is State.CLOSED


def test_it_stays_open_for_the_pause_and_is_then_half_open(opened):
    assert opened.state(159.9) is State.OPEN
    assert opened.remaining(130.0) == 30
    assert opened.state(160.0) is State.HALF_OPEN
    assert opened.state(1e9) is State.HALF_OPEN


def test_no_second_probe_while_one_is_under_way(opened):
    opened.probe()

    assert opened.state(160.0) is State.PROBING
    assert opened.state(1e9) is State.PROBING
    assert opened.remaining(1e9) == PAUSE, "what follows if it fails"


def test_a_good_probe_closes_it(opened):
    opened.probe()

    assert opened.succeeded()
    assert opened.state(161.0) is State.CLOSED
    assert [opened.failed(170.0) for _ in range(FAILURES)] == [False, False, True]


def test_a_bad_probe_opens_it_for_another_pause(opened):
    opened.probe()

    assert opened.failed(170.0)
    assert opened.openings == 2
    assert opened.state(229.9) is State.OPEN
    assert opened.state(230.0) is State.HALF_OPEN


def test_failures_while_it_is_open_do_not_prolong_the_pause(opened):
    assert not opened.failed(150.0)

    assert opened.openings == 1
    assert opened.state(160.0) is State.HALF_OPEN


def test_what_is_forgiven_comes_on_top_until_the_next_good_answer(opened):
    opened.probe()
    opened.succeeded()
    opened.forgive(4)

    told = [opened.failed(170.0) for _ in range(FAILURES + 4)]

    assert told == [False] * (FAILURES + 3) + [True]
    opened.probe()
    opened.succeeded()
    opened.forgive(4)
    opened.failed(180.0)
    opened.succeeded()
    assert [opened.failed(190.0) for _ in range(FAILURES)] == [False, False, True]


class AnyUse(RuleBasedStateMachine):
    """Every order of answers, probes and time, beside what little must always be true."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(FAILURES, PAUSE)
        self.now = 0.0
        self.failed_in_a_row = 0
        self.opened_at: float | None = None
        self.openings = 0

    def state(self) -> State:
        return self.breaker.state(self.now)

    @rule(seconds=st.integers(0, 100))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def fail(self):
        before = self.state()
        opened = self.breaker.failed(self.now)
        self.failed_in_a_row += 1
        due = before is State.CLOSED and self.failed_in_a_row >= FAILURES
        assert opened == (due or before is State.PROBING)
        if opened:
            self.opened_at = self.now
            self.openings += 1

    @rule()
    def succeed(self):
        before = self.state()
        assert self.breaker.succeeded() == (before is not State.CLOSED)
        self.failed_in_a_row, self.opened_at = 0, None

    @precondition(lambda self: self.state() is State.CLOSED)
    @rule(failures=st.integers(0, 5))
    def forgive(self, failures):
        self.breaker.forgive(failures)
        self.failed_in_a_row = -failures

    @precondition(lambda self: self.state() is State.HALF_OPEN)
    @rule()
    def probe(self):
        self.breaker.probe()
        assert self.state() is State.PROBING

    @invariant()
    def openings_are_counted(self):
        assert self.breaker.openings == self.openings

    @invariant()
    def it_is_open_from_an_opening_to_the_end_of_the_pause(self):
        if self.opened_at is None:
            assert self.state() is State.CLOSED
        elif self.now < self.opened_at + PAUSE:
            assert self.state() in {State.OPEN, State.PROBING}
            assert 0 < self.breaker.remaining(self.now) <= PAUSE
        else:
            assert self.state() in {State.HALF_OPEN, State.PROBING}


TestAnyUse = AnyUse.TestCase
