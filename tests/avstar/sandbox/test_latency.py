import pytest

from connectors.avstar.sandbox.latency import Latency
from connectors.errors import RefusedError


def test_without_latency_there_is_no_delay():
    assert Latency().seconds(0.9) == 0.0


def test_without_jitter_every_delay_is_the_mean():
    assert {Latency(0.25).seconds(draw / 10) for draw in range(10)} == {0.25}


def test_jitter_spreads_the_delay_evenly_around_the_mean():
    latency = Latency(0.5, 0.25)
    assert [latency.seconds(draw) for draw in (0.0, 0.25, 0.5, 0.75)] == [0.25, 0.375, 0.5, 0.625]


@pytest.mark.parametrize(
    ("text", "latency"), [("0", Latency()), ("0.05", Latency(0.05)), ("2:0.5", Latency(2.0, 0.5))]
)
def test_it_is_read_as_mean_and_jitter(text, latency):
    assert Latency.parse(text) == latency


@pytest.mark.parametrize("text", ["", "soon", "1:later", "1:2:3"])
def test_text_that_is_no_latency_is_refused(text):
    with pytest.raises(RefusedError, match=r"write 0.05 or 0.05:0.02 seconds"):
        Latency.parse(text)


@pytest.mark.parametrize("text", ["-1", "0.1:0.2", "1:-0.5", "inf", "nan"])
def test_a_latency_that_cannot_be_is_refused(text):
    with pytest.raises(RefusedError, match="0 or more"):
        Latency.parse(text)
