"""How values are spread."""

import pytest

from dataflows.histogram import Histogram


@pytest.mark.parametrize(("value", "bound"), [(0.005, 0.005), (0.0051, 0.01), (31, float("inf"))])
def test_a_value_counts_up_from_the_first_bound_that_it_does_not_exceed(
    value: float, bound: float
) -> None:
    histogram = Histogram()
    histogram.add(value)
    assert histogram.sum == value
    assert all(count == (at >= bound) for at, count in histogram.cumulated())
