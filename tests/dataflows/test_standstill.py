import pytest

from connectors.avstar.breaker import State
from connectors.records import Spot
from connectors.trail import Attempt, Trail
from dataflows.meter import Meter
from dataflows.standstill import standstill

TRAIL = Trail(Spot(1, 0, "SP1", "K", "t", 30, "Acme", "f" * 32, b"raw"), "day", 0.0)


class Lane:
    """A lane in some state of its breaker, with some pause."""

    requests_in_flight = openings = 0

    def __init__(self, state: State = State.CLOSED, pause: float = 0.0) -> None:
        self.state = state
        self._pause = pause

    def quota_used(self) -> float:
        return 0.5

    def pause_left(self) -> float:
        return self._pause


def meter(*lanes: Lane, attempts: int = 1) -> Meter:
    made = Meter()
    for lane in lanes:
        made.opened(lane)
    for number in range(attempts):
        made.requested(Attempt(1, number, 0.0, 0.1, 500, "500", "Down: " + "for ever " * 20), 1)
    return made


def test_a_run_that_moves_has_nothing_to_say() -> None:
    assert standstill(Meter()) == ""
    assert standstill(meter(Lane(), Lane(pause=0.4))) == ""


@pytest.mark.parametrize("state", [State.OPEN, State.HALF_OPEN, State.PROBING])
def test_an_open_breaker_is_told_with_what_the_api_said(state: State) -> None:
    told = standstill(meter(Lane(), Lane(state, 42.4)))
    assert told.startswith("breaker open, next try in 42 s: Down: for ever")
    assert len(told) < 120


def test_a_probe_is_a_try() -> None:
    assert standstill(meter(Lane(State.PROBING))).startswith("breaker open, trying: Down")


def test_a_pause_that_the_api_asked_for_is_told_as_one() -> None:
    assert standstill(meter(Lane(pause=3600))) == "told to wait 3,600 s more"


def test_a_new_process_says_that_it_waits_for_the_quota_of_the_one_before() -> None:
    words = "waiting for the quota that an earlier run may have used"
    assert standstill(meter(Lane(), attempts=0)) == words
