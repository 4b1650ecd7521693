from hypothesis import given
from hypothesis import strategies as st

from connectors.telemetry.slowness import Slowness


@given(st.floats(0.001, 5), st.integers(1, 200))
def test_of_even_answers_none_is_slow(seconds: float, count: int) -> None:
    slowness = Slowness()
    assert not any(slowness.is_slow(seconds) for _ in range(count))


@given(st.floats(0.05, 5))
def test_one_that_takes_much_longer_than_usual_is(usual: float) -> None:
    slowness = Slowness()
    for _ in range(100):
        slowness.is_slow(usual)
    assert slowness.is_slow(usual * 5.1)
    assert not slowness.is_slow(usual * 4.9)


def test_no_answer_is_slow_that_comes_soon() -> None:
    slowness = Slowness()
    for _ in range(100):
        slowness.is_slow(0.001)
    assert not slowness.is_slow(0.24)
    assert slowness.is_slow(0.26)


def test_what_is_usual_is_learnt_anew() -> None:
    slowness = Slowness()
    for _ in range(100):
        slowness.is_slow(0.1)
    assert slowness.is_slow(1)
    slow = [slowness.is_slow(1) for _ in range(200)]
    assert slow[0]
    assert not slow[-1]
