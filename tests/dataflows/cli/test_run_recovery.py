"""Stops and crashes of the real process: nothing lost, nothing scheduled twice."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import IO, Any

import pytest

from connectors.ledger import read_checkpoint, read_manifest

New = Callable[..., Any]

SLOW = ("--latency", "0.02")
"""An API that takes its time, so that there is a middle to stop in."""

SMALL = ("--checkpoint-records", "100")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_settles_its_batch_and_resumes_without_a_duplicate(
    number: signal.Signals, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(*SLOW), new_export(900))
    running = upload.start(*SMALL, "--log-json")
    running.until(lambda: upload.accepted > 150)
    stopped = running.finish(number)
    *events, last = stopped.err.splitlines()
    assert stopped.code == 75
    assert last == "avstar: stopped before the end; run the same command again to resume"
    assert "draining" in [json.loads(line)["event"] for line in events]
    assert not stopped.out
    checkpoint = read_checkpoint(upload.ledger())
    assert checkpoint
    assert checkpoint.counts["accepted"] == upload.accepted < 890
    assert read_manifest(upload.ledger()) is None

    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    stats = upload.api.stats()
    assert (stats["requests"], stats["duplicates"]) == (890, 0)


def test_a_second_signal_leaves_at_once_and_loses_nothing(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--latency", "2"), new_export(60))
    running = upload.start("--concurrency", "1", "--log-json")
    running.until(lambda: upload.accepted > 0)
    running.process.send_signal(signal.SIGTERM)
    running.until(lambda: '"draining"' in running.err)
    before = upload.api.stats()["requests"]
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(2) == 75
    assert upload.api.stats()["requests"] == before
    assert upload("--concurrency", "60").code == 0
    upload.assert_exact(50)


def test_a_batch_that_takes_too_long_is_left_when_the_run_stops(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--latency", "0.3"), new_export(120))
    running = upload.start("--drain-seconds", "0", "--concurrency", "2")
    running.until(lambda: upload.accepted > 0)
    stopped = running.finish(signal.SIGTERM)
    assert stopped.code == 75
    assert "the batch in hand took longer than 0 s" in stopped.refusal
    assert upload("--concurrency", "100").code == 0
    upload.assert_exact(110)


@pytest.mark.parametrize("workers", [(1, 1, 1, 1), (2, 2, 2, 2), (2, 1, 3, 1)])
def test_a_killed_run_resumes_exactly(
    workers: tuple[int, ...], api: New, new_export: New, new_upload: New
) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"kills seeded with {seed}")  # noqa: T201 - to be repeated if it fails
    chance = Random(seed)
    day, night = new_export(500, "day.csv"), new_export(400, "night.ndjson", seed=2)
    upload = new_upload(api(*SLOW), day, night)
    *killed, last = workers
    for count in killed:
        goal = upload.accepted + chance.randint(0, 250)
        running = upload.start(*SMALL, "--workers", count)
        running.until(lambda goal=goal: upload.accepted >= goal)
        running.finish(signal.SIGKILL)
    assert upload(*SMALL, "--workers", last).code == 0
    upload.assert_exact(500 + 400 - 20)


def test_a_large_export_read_by_several_lanes_resumes_exactly(
    api: New, new_export: New, new_upload: New
) -> None:
    path = new_export(480)
    rows = path.read_bytes().splitlines(keepends=True)
    padding = b', "Note": "%s"}' % (b"x" * 150_000)
    path.write_bytes(b"".join(row.replace(b"}", padding) for row in rows))
    upload = new_upload(api(*SLOW), path)
    for _ in range(2):
        goal = upload.accepted + 120
        running = upload.start("--checkpoint-records", "60", "--workers", "2")
        running.until(lambda goal=goal: upload.accepted >= goal)
        running.finish(signal.SIGKILL)
    checkpoint = read_checkpoint(upload.ledger())
    assert checkpoint
    assert len(checkpoint.lanes) > 1
    assert upload("--workers", "3").code == 0
    upload.assert_exact(470)


def test_two_runs_never_share_a_state(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api("--latency", "0.5"), new_export(200))
    first = upload.start("--concurrency", "5")
    first.until(lambda: upload.accepted > 0)
    second = upload()
    assert second.code == 2
    assert f"{upload.state} is in use by another run (process {first.process.pid})" in (
        second.refusal
    )
    first.finish(signal.SIGKILL)
    assert upload("--concurrency", "200").code == 0  # a lock goes with its process
    upload.assert_exact(190)


def test_two_runs_never_write_one_ledger_whatever_their_states(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    upload = new_upload(api("--latency", "0.5"), new_export(200))
    first = upload.start("--concurrency", "5")
    first.until(lambda: upload.accepted > 0)
    second = upload("--state", tmp_path / "other")
    assert second.code == 2
    assert f"{upload.ledger()} is written by another run" in second.refusal
    assert upload("--state", tmp_path / "other", "--validate-only").code == 2
    assert first.process.poll() is None
    first.finish(signal.SIGKILL)
    assert upload("--concurrency", "200").code == 0
    upload.assert_exact(190)


def test_a_check_in_between_does_not_harm_a_stopped_upload(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(*SLOW), new_export(600))
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 150)
    assert running.finish(signal.SIGTERM).code == 75
    upload("--validate-only")
    again = upload()
    assert (again.code, again.complaint) == (0, "")
    upload.assert_exact(590)


def test_a_ledger_that_lost_rows_stops_the_run_in_one_line(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(*SLOW), new_export(600))
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 150)
    assert running.finish(signal.SIGTERM).code == 75
    receipts = upload.ledger() / "receipts.ndjson"
    whole = receipts.read_bytes()
    receipts.write_bytes(whole[:100])
    refused = upload(*SMALL)
    assert refused.code == 2
    assert f"{receipts} has 100 of the " in refused.refusal

    receipts.write_bytes(whole)
    assert upload().code == 0
    upload.assert_exact(590)


def test_a_stop_is_heard_while_the_log_has_no_reader(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    """A signal that comes while a log line waits for a full pipe must not fail the run."""
    upload = new_upload(api(), new_export(3000, bad=1))
    words = ["run", upload.exports[0], "--out", upload.out, "--api-url", upload.api.url]
    command = [sys.executable, "-m", "dataflows.cli", *map(str, words), "--log-json"]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "AVSTAR_TOKEN": "t"},
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stderr
            pipe = process.stderr
            line = pipe.readline()
            while b'"rejected"' not in line:
                line = pipe.readline()
            before, waiting = -1, _bytes_in(pipe)
            while waiting != before:  # until no log line finds room any more
                time.sleep(0.3)
                before, waiting = waiting, _bytes_in(pipe)
            assert process.poll() is None
            assert waiting > 0
            process.send_signal(signal.SIGTERM)
            rest = pipe.read().decode()
            assert process.wait(30) in {0, 75}, rest[-500:]
        finally:
            process.kill()


def _bytes_in(pipe: IO[bytes]) -> int:
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]
