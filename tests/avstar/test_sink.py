"""Delivery as the end of a dataflow."""

import asyncio
import gc
import threading
import time

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.testing import TestingSource, cluster_main, run_main

from connectors.avstar import AvstarSettings, AvstarSink, Rate, StaticToken, UndeliveredError
from connectors.errors import AvstarError, HaltedError, RefusedError, StoppedError
from connectors.loop import event_loop
from tests.avstar.talks import descriptors

PLENTY = ("--rate", "100000/1")


def sinking(spots, sink, batch_size=10):
    flow = Dataflow("test")
    stream = op.input("in", flow, TestingSource(spots, batch_size))
    op.output("avstar", op.redistribute("share", stream), sink)
    return flow


def settings_of(url, rate=Rate(10_000, 0.1)):  # noqa: B008 - never changes
    return AvstarSettings(api_url=url, rate=rate, backoff_base=0.001, backoff_max=0.01)


def causes(error):
    while error is not None:
        yield type(error)
        error = error.__cause__


@pytest.mark.parametrize("workers", [1, 2])
def test_every_spot_of_a_stream_is_scheduled(sandbox_process, spots, workers):
    api = sandbox_process(*PLENTY)
    sink = AvstarSink(settings_of(api.url), StaticToken("sandbox"))

    cluster_main(sinking(spots(50), sink), [], 0, worker_count_per_proc=workers)

    assert {spot["spot_id"] for spot in api.spots()} == {spot.spot_id for spot in spots(50)}
    assert api.stats()["requests"] == 50


def test_an_address_and_a_token_are_enough(sandbox_process, spots):
    api = sandbox_process()

    run_main(sinking(spots(3), AvstarSink(api.url, "sandbox")))

    assert len(api.spots()) == 3


def test_an_undelivered_spot_stops_the_dataflow_by_default(sandbox_process, spots):
    api, many = sandbox_process(*PLENTY), spots(5)
    many[2] = many[2]._replace(duration=0)

    with pytest.raises(BytewaxRuntimeError) as failure:
        run_main(sinking(many, AvstarSink(settings_of(api.url), "sandbox")))

    assert UndeliveredError in causes(failure.value)
    assert "line 3" in str(failure.value.__cause__)
    assert "on_dead_letter" in str(failure.value.__cause__)
    gc.collect()  # connections left open would be warned of, which is an error


def test_what_an_abort_leaves_open_is_closed(sandbox_process, spots):
    api = sandbox_process(*PLENTY)
    sink = AvstarSink(settings_of(api.url), "sandbox")
    run_main(sinking(spots(1), sink))
    before = descriptors()
    run_main(sinking([*spots(10), TestingSource.ABORT(), *spots(1)], sink, batch_size=1))
    gc.collect()
    event_loop().run(asyncio.sleep(0.1))  # until they are closed

    assert len(api.spots()) == 10
    assert descriptors() == before


def test_with_a_handler_the_dataflow_goes_on(sandbox_process, spots):
    api, many, letters = sandbox_process(*PLENTY), spots(20), []
    many[2] = many[2]._replace(duration=0)
    sink = AvstarSink(settings_of(api.url), "sandbox", on_dead_letter=letters.append)

    run_main(sinking(many, sink, batch_size=5))

    assert [(one.line, one.reason, one.raw) for one in letters] == [(3, "rejected", b"raw 3")]
    assert len(api.spots()) == 19


def test_a_refused_token_halts_the_dataflow_whatever_the_handler(sandbox_process, spots):
    api, letters = sandbox_process(*PLENTY), []
    sink = AvstarSink(settings_of(api.url), "wrong", on_dead_letter=letters.append)

    with pytest.raises(BytewaxRuntimeError) as failure:
        run_main(sinking(spots(3), sink))

    assert HaltedError in causes(failure.value)
    assert letters == []


def test_an_outage_parks_what_was_in_flight_for_the_handler_and_the_rest_goes_on(
    sandbox_process, spots
):
    api, letters = sandbox_process(*PLENTY, "--fault", "500=1", "--latency", "0.02"), []
    settings = AvstarSettings(
        api_url=api.url, rate=Rate(100_000, 1), concurrency=6, breaker_failures=3, breaker_pause=0.1
    )
    sink = AvstarSink(settings, "sandbox", on_dead_letter=letters.append)

    def mending():
        while api.stats()["faults"]["500"] < 12:
            time.sleep(0.01)
        api.faults({})

    healer = threading.Thread(target=mending)
    healer.start()
    run_main(sinking(spots(40), sink, batch_size=40))
    healer.join()

    assert {one.reason for one in letters} == {"circuit_open"}
    assert 1 <= len(letters) <= 6
    assert len(api.spots()) == 40 - len(letters)


@pytest.mark.parametrize("fault", ["500", "slow"])
def test_asked_to_stop_it_leaves_a_pause_at_once_and_a_slow_batch_in_time(
    sandbox_process, spots, fault
):
    api = sandbox_process(*PLENTY, "--fault", "500=1" if fault == "500" else "slow=1:60")
    settings = AvstarSettings(api_url=api.url, breaker_failures=1, drain_seconds=0.3)
    letters = []
    sink = AvstarSink(settings, "sandbox", on_dead_letter=letters.append, stopping=lambda: True)
    began = time.monotonic()

    with pytest.raises(BytewaxRuntimeError) as failure:
        run_main(sinking(spots(30), sink, batch_size=30))

    assert StoppedError in causes(failure.value)
    assert letters == []
    assert time.monotonic() - began < 30
    gc.collect()


def test_the_workers_share_the_quota(sandbox_process, spots):
    rate = Rate(60, 0.4)
    api = sandbox_process("--rate", str(rate))
    sink = AvstarSink(settings_of(api.url, rate), "sandbox")

    cluster_main(sinking(spots(120), sink), [], 0, worker_count_per_proc=3)

    stats = api.stats()
    assert (stats["accepted"], stats["throttled"]) == (120, 0)


def test_more_workers_than_requests_are_refused():
    sink = AvstarSink(settings_of("http://localhost:1", Rate(2, 1)), "t")

    with pytest.raises(RefusedError, match="shared by 3 lanes"):
        sink.build("avstar", 0, 3)


def test_wrong_settings_and_tokens_are_refused_when_the_sink_is_made():
    with pytest.raises(RefusedError):
        AvstarSink("avstar.example", "t")
    with pytest.raises(RefusedError):
        AvstarSink("https://avstar.example", "")


def test_a_partition_that_wrote_nothing_closes():
    AvstarSink("http://localhost:1", "t").build("avstar", 0, 1).close()


def test_an_undelivered_spot_is_an_error_of_the_package():
    assert issubclass(UndeliveredError, AvstarError)
