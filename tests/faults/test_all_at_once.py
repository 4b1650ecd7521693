"""Ten thousand spots and every fault at once, between two real processes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

New = Callable[..., Any]

SPOTS, BAD, REPEATED = 10_000, 60, 40
FAULTS = {"500": 0.05, "reset": 0.05, "lost": 0.05, "slow": "0.05:3"}
BURSTS = (1500, 4000, 6500, 9000)
"""Spots at the API when it begins to answer 429 to everything, for a moment."""

PATIENCE = ("--request-timeout", "1", "--backoff-base", "0.05", "--backoff-max", "0.3")
ENDURANCE = ("--max-attempts", "50", "--breaker-failures", "10000", "--concurrency", "100")
FEW_PAUSES = ("--checkpoint-seconds", "30")
"""A batch ends with its unluckiest spot: few batches, so that the test is not made of such ends."""
"""One answer in five is bad by chance: the breaker, at five in a row, would open now and then."""


def repeat_rows(path: Path) -> None:
    """Have some good rows stand in the export twice, far from each other."""
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rows[200 : 200 + REPEATED]) + b"".join(rows))


@pytest.mark.parametrize("workers", [1, 2])
def test_ten_thousand_spots_are_scheduled_once_and_told_right(
    workers: int, api: New, new_export: New, new_upload: New, avstar: Any, books: New
) -> None:
    path = new_export(SPOTS + BAD, bad=BAD / (SPOTS + BAD))
    repeat_rows(path)
    upload = new_upload(api("--seed", str(workers)), path)
    upload.api.faults(FAULTS)
    running = upload.start(*PATIENCE, *ENDURANCE, *FEW_PAUSES, "--workers", workers, "--log-json")
    for number, goal in enumerate(BURSTS, 1):
        running.until(lambda goal=goal: upload.accepted >= goal)
        upload.api.faults({"throttle": 1})
        running.until(lambda least=20 * number: upload.api.stats()["faults"]["throttle"] >= least)
        upload.api.faults(FAULTS)
    done = running.finish()
    assert done.code == 0, done.err[-1000:]
    assert avstar("verify", upload.out, path).code == 0

    told = books(upload)
    told.assert_exact()
    assert (len(told.bad), told.undelivered) == (BAD, [])
    assert len(told.good) == len(told.receipts) == SPOTS + REPEATED

    stats, faults = told.stats, Counter(told.stats["faults"])
    assert stats["spots"] == stats["accepted"] == SPOTS
    assert all(faults[kind] > 300 for kind in FAULTS)
    assert faults["throttle"] >= 20 * len(BURSTS)
    # A machine under load may let further answers, or requests, take longer than they may.
    events = [json.loads(line) for line in done.err.splitlines()]
    timeouts = sum(
        event["event"] == "retry" and event["detail"].startswith("no answer in time")
        for event in events
    )
    surplus = timeouts - faults["slow"]
    assert surplus >= 0
    assert 0 <= told.attempts - stats["requests"] <= surplus
    good_answers = stats["accepted"] + stats["duplicates"] - faults["lost"] - faults["slow"]
    assert 0 <= good_answers - len(told.receipts) <= surplus
    assert max(row["attempts"] for row in told.receipts) > 3
