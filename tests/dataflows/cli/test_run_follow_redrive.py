"""Dead letters that are sent again by hand beside a process that follows, as its README says."""

import signal
from collections.abc import Callable
from typing import Any

New = Callable[..., Any]
ONCE = ("--max-attempts", "1", "--no-redrive", "--breaker-failures", "10000")


def test_between_two_exports_it_is_done_and_beside_one_it_is_refused(
    landing: New, avstar: Any
) -> None:
    one = landing("--latency", "0.05", "--fault", "500=0.2")
    one.put("day.ndjson", 100, ".done", seed=1)
    running = one.start(*ONCE, "--checkpoint-records", "50")
    one.until(running, "day.ndjson")
    delivered = len(one.api.spots())
    assert delivered < 100
    again = ("dlq", "redrive", one.archive, "--api-url", one.api.url, "--rate", "10000/0.1")

    one.put("next.ndjson", 1200, ".done", seed=2)
    one.until_accepted(running, delivered + 20)
    beside = avstar(*again)
    assert beside.code == 2
    assert "in use by another run" in beside.refusal
    assert avstar("dlq", "list", one.archive).code == 0, "reading is possible at any time"

    one.until(running, "next.ndjson")
    running.until(lambda: running.err.count("waiting for exports") == 2)
    between = avstar(*again, AVSTAR_BACKOFF_BASE="0.01")
    assert between.code == 0, between.err
    assert one.spots_once() == 1300
    one.put("last.ndjson", 20, ".done", seed=3)
    one.until(running, "last.ndjson")
    assert running.finish(signal.SIGTERM).code == 75


def test_an_export_that_arrives_meanwhile_waits_for_its_end(landing: New, avstar: Any) -> None:
    one = landing("--fault", "500=0.2")
    one.put("day.ndjson", 100, ".done", seed=1)
    running = one.start(*ONCE)
    one.until(running, "day.ndjson")
    delivered = len(one.api.spots())
    address = ("--api-url", one.api.url, "--rate", "1/1")  # so that it takes its time
    again = avstar.start("dlq", "redrive", one.archive, *address)
    one.until_accepted(again, delivered + 1)
    one.put("next.ndjson", 20, ".done", seed=2)
    ended = running.finish()
    assert ended.code == 2
    assert "in use by another run" in ended.err
    assert again.finish().code == 0

    running = one.start("--backoff-base", "0.01")
    one.until(running, "next.ndjson")
    assert running.finish(signal.SIGTERM).code == 75
    assert one.spots_once() == 120
