import pytest

from benchmarks.growth import exponent


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_exponent_is_that_of_the_growth(power):
    points = [(size, 7.5 * size**power) for size in (1e6, 4e6, 16e6)]
    assert exponent(points) == pytest.approx(power)
