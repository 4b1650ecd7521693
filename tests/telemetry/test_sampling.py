import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from connectors.telemetry.sampling import sampling

IDS = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")


@given(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.5, 1.0]), IDS)
def test_the_spots_are_those_that_the_sdk_would_choose(ratio: float, request_id: str) -> None:
    result = TraceIdRatioBased(ratio).should_sample(None, int(request_id, 16), "")
    assert sampling(ratio)(request_id) == (result.decision is Decision.RECORD_AND_SAMPLE)


@given(st.integers(0, 2**64 - 1), st.integers(-2, 2))
def test_so_are_those_next_to_the_bound(low: int, step: int) -> None:
    ratio = low / 2**64
    near = min(max(TraceIdRatioBased.get_bound_for_rate(ratio) + step, 0), 2**64 - 1)
    result = TraceIdRatioBased(ratio).should_sample(None, near, "")
    chosen = sampling(ratio)(f"{near:032x}")
    assert chosen == (result.decision is Decision.RECORD_AND_SAMPLE)


@pytest.mark.parametrize(("name", "all_of_them"), [("always_on", True), ("always_off", False)])
def test_without_a_ratio_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, name: str, *, all_of_them: bool
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
    assert sampling(None)("ab" * 16) == all_of_them
