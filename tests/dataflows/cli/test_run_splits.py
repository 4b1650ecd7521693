"""One export read by several lanes, stopped or killed, and resumed with more or fewer workers."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.ledger import read_checkpoint, read_identity

New = Callable[..., Any]

SLOW = ("--latency", "0.02")
SMALL = ("--checkpoint-records", "60")


def with_line_ends(path: Path) -> None:
    """Put line ends where an export may have them: in quotes, between records, doubled."""
    text = path.read_bytes()
    text = text.replace(b"Acme Motors", b'"Acme\r\n\nMotors, ""East"""')
    rows = text.splitlines(keepends=True)
    rows[100:100] = [b"\n", b" \r\n"]
    path.write_bytes(b"".join(rows))


@pytest.mark.parametrize("name", ["day.ndjson", "day.csv"])
def test_any_number_of_workers_goes_on_where_another_was_stopped_or_killed(
    name: str, api: New, new_export: New, new_upload: New, divided: New
) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"ends seeded with {seed}")  # noqa: T201 - to be repeated if it fails
    chance = Random(seed)
    path = new_export(1500, name)
    if name == "day.csv":
        with_line_ends(path)
    upload, fine = new_upload(api(*SLOW), path), divided(9000)
    for workers in (1, 2, 3, 1):
        goal = upload.accepted + chance.randint(60, 300)
        running = upload.start(*SMALL, "--workers", workers, **fine)
        running.until(lambda goal=goal: upload.accepted >= goal)
        running.finish(chance.choice([signal.SIGKILL, signal.SIGTERM]))
    identity = read_identity(upload.ledger())
    assert identity
    assert len(identity.splits) == 8
    checkpoint = read_checkpoint(upload.ledger())
    assert checkpoint
    assert len(checkpoint.lanes) > 1
    assert upload("--workers", "2", **fine).code == 0
    upload.assert_exact(1485)


def test_stops_and_other_numbers_of_workers_send_nothing_twice(
    api: New, new_export: New, new_upload: New, divided: New
) -> None:
    upload, fine = new_upload(api(*SLOW), new_export(1500)), divided(9000)
    for workers in (1, 2, 3):
        goal = upload.accepted + 250
        running = upload.start(*SMALL, "--workers", workers, **fine)
        running.until(lambda goal=goal: upload.accepted >= goal)
        assert running.finish(signal.SIGTERM).code == 75
    assert upload(**fine).code == 0
    upload.assert_exact(1485)
    assert upload.api.stats()["requests"] == 1485


def test_an_export_that_another_version_divided_goes_on_with_its_old_splits(
    api: New, new_export: New, new_upload: New, divided: New
) -> None:
    upload = new_upload(api(*SLOW), new_export(1500))
    for split_bytes in (9000, 70_000, 40_000):
        goal = upload.accepted + 300
        running = upload.start(*SMALL, "--workers", "2", **divided(split_bytes))
        running.until(lambda goal=goal: upload.accepted >= goal)
        assert running.finish(signal.SIGTERM).code == 75
        identity = read_identity(upload.ledger())
        assert identity
        assert len(identity.splits) == 8
    assert upload().code == 0
    upload.assert_exact(1485)
    assert upload.api.stats()["requests"] == 1485


@pytest.mark.parametrize("workers", [1, 3])
def test_lanes_go_on_from_the_ledger_when_the_state_is_lost(
    workers: int, api: New, new_export: New, new_upload: New, divided: New
) -> None:
    """Among them lanes that were not begun, some under way, and some at their end."""
    upload, fine = new_upload(api(*SLOW), new_export(1500)), divided(9000)
    for _ in range(3):
        goal = upload.accepted + 280
        running = upload.start(*SMALL, "--workers", workers, **fine)
        running.until(lambda goal=goal: upload.accepted >= goal)
        assert running.finish(signal.SIGTERM).code == 75
        for path in upload.state.iterdir():
            path.unlink()
    assert upload("--workers", "2", **fine).code == 0
    upload.assert_exact(1485)
    assert upload.api.stats()["requests"] == 1485
