"""A signal to one process of a cluster, or to all, stops the whole of it, resumably."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

New = Callable[..., Any]

SLOW = ("--latency", "0.3")
FAST = ("--concurrency", "200")
SMALL = ("--checkpoint-records", "120")
STOPPED = "avstar: stopped before the end; run the same command again to resume\n"
T, I = signal.SIGTERM, signal.SIGINT  # noqa: E741 - short, as in a table


def events(finished: Any, name: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in finished.err.splitlines() if line.startswith("{")]
    return [row for row in rows if row["event"] == name]


@pytest.mark.parametrize(
    ("signals", "workers"), [({1: I}, 1), ({0: T, 1: T}, 2)], ids=["one", "both"]
)
def test_all_settle_their_batch_and_the_next_run_sends_nothing_twice(
    signals: Any,
    workers: int,
    api: New,
    new_export: New,
    new_upload: New,
    new_fleet: New,
    divided: New,
) -> None:
    upload = new_upload(api(*SLOW), new_export(360))
    fleet = new_fleet(upload, 2)
    fleet.start(*SMALL, "--workers", workers, "--log-json", **divided(17_000))
    fleet.until_accepted(60)
    ended = fleet.finish(signals)
    for process, finished in enumerate(ended):
        assert (finished.code, finished.out) == (75, "")
        assert finished.err.endswith(STOPPED)
        draining = events(finished, "draining")
        assert len(draining) <= 2
        assert any(("signal" if process in signals else "asked_by") in row for row in draining)
    assert upload.api.stats()["requests"] == upload.accepted < 350
    fleet.finish_exactly(350, *FAST, "--workers", workers, **divided(17_000))
    stats = upload.api.stats()
    assert (stats["requests"], stats["duplicates"]) == (350, 0)


def test_a_second_signal_leaves_at_once_and_the_other_process_follows(
    api: New, new_export: New, new_upload: New, new_fleet: New
) -> None:
    upload = new_upload(api("--latency", "2"), new_export(60))
    fleet = new_fleet(upload, 2)
    fleet.start("--concurrency", "1", "--log-json")
    fleet.until_accepted(1)
    process = fleet.processes[1]
    process.process.send_signal(signal.SIGTERM)
    process.until(lambda: '"draining"' in process.err)
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(5) == 75
    first, _ = fleet.finish()  # in the middle of its batch, which takes two minutes
    assert first.code == 75
    assert first.err.endswith(STOPPED)
    fleet.finish_exactly(50, "--concurrency", "60")
