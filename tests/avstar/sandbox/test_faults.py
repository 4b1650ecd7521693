import random

import pytest

from connectors.avstar.sandbox.faults import FAULTS, Faults
from connectors.errors import RefusedError


def test_without_faults_nothing_strikes():
    assert {Faults().strike(draw / 100) for draw in range(100)} == {None}


def test_a_certain_fault_always_strikes():
    faults = Faults({"500": 1.0})
    assert {faults.strike(draw / 100) for draw in range(100)} == {"500"}


def test_each_fault_has_its_share_of_the_draws():
    faults = Faults({"500": 0.125, "lost": 0.25, "expired": 0.5})
    struck = [faults.strike(draw / 80) for draw in range(80)]
    assert [struck.count(kind) for kind in ("500", "lost", "expired", None)] == [10, 20, 40, 10]


def test_probabilities_may_use_up_all_draws():
    faults = Faults({"500": 0.1, "reset": 0.2, "lost": 0.7})
    dice = random.Random(1)
    assert None not in {faults.strike(dice.random()) for _ in range(10_000)}


def test_the_order_they_are_given_in_does_not_matter():
    one, other = Faults({"lost": 0.5, "500": 0.25}), Faults({"500": 0.25, "lost": 0.5})
    draws = [draw / 50 for draw in range(50)]
    assert [one.strike(draw) for draw in draws] == [other.strike(draw) for draw in draws]


def test_options_are_read_as_the_command_line_gives_them():
    assert Faults.parse(["lost=0.05", "slow=0.01:3"]) == Faults({"lost": 0.05, "slow": 0.01}, 3.0)


def test_a_slow_answer_takes_a_second_unless_told_otherwise():
    assert Faults.parse(["slow=0.5"]).slow_seconds == 1.0


def test_json_gives_numbers_or_the_text_of_an_option():
    faults = Faults.of({"500": 1, "reset": 0.0, "slow": "0:2.5"})
    assert faults == Faults({"500": 1.0, "reset": 0.0, "slow": 0.0}, 2.5)


def test_every_kind_can_be_given():
    assert set(Faults.parse([f"{kind}=0.1" for kind in FAULTS]).probabilities) == set(FAULTS)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("fire=0.1", "'fire' is no fault; use one of 500, reset, lost, slow, throttle, expired"),
        ("lost", "'' is no probability of lost; write lost=0.05"),
        ("lost=often", "'often' is no probability of lost"),
        ("lost=0.1:3", "'0.1:3' is no probability of lost"),
        ("slow=0.1:long", "'long' is no probability of slow; write slow=0.01:3"),
        ("lost=1.1", "0 to 1"),
        ("lost=-0.1", "0 to 1"),
        ("lost=nan", "0 to 1"),
        ("slow=0.1:-1", "0 or more"),
        ("slow=0.1:inf", "0 or more"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_in_words(option, words):
    with pytest.raises(RefusedError) as refused:
        Faults.parse([option])
    assert words in str(refused.value)


def test_probabilities_over_one_together_are_refused():
    with pytest.raises(RefusedError, match="at most 1 together"):
        Faults({"lost": 0.6, "500": 0.5})
