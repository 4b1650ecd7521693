"""The state folder lost and the ledger kept, or the other way round, in real processes."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.ledger import read_checkpoint

New = Callable[..., Any]

SLOW = ("--latency", "0.02")
SMALL = ("--checkpoint-records", "60")
FILES = ("receipts.ndjson", "dead-letters.ndjson")


@pytest.fixture
def new_half(api: New, new_export: New, new_upload: New) -> Callable[..., Any]:
    """Upload exports of 900 records to the middle of the first, and stop."""

    def make(*names: str, number: signal.Signals = signal.SIGTERM, options: Any = SLOW) -> Any:
        exports = [new_export(900, name, seed=i) for i, name in enumerate(names or ["day.csv"])]
        upload = new_upload(api(*options), *exports)
        running = upload.start(*SMALL)
        running.until(lambda: upload.accepted > 300)
        running.finish(number)
        return upload

    return make


def lose(folder: Path, kind: str) -> None:
    """Lose a state volume: it is new and not even there, empty, or holds no store any more."""
    if kind == "gone":
        shutil.rmtree(folder, ignore_errors=True)  # a run killed at once has not made it yet
        return
    for path in folder.iterdir():
        if kind == "emptied" or path.name != ".lock":
            path.unlink()


@pytest.mark.parametrize("kind", ["gone", "emptied", "without a store"])
def test_a_run_that_lost_its_state_goes_on_from_its_ledger(kind: str, new_half: New) -> None:
    upload = new_half()
    before = upload.rows("receipts")
    settled = read_checkpoint(upload.ledger()).settled
    lose(upload.state, kind)
    done = upload(*SMALL)
    assert done.code == 0
    line = f"{upload.state} knows nothing of day.csv: going on from its ledger, in which {settled}"
    assert f"{line} of 900 records are settled\n" in done.err
    upload.assert_exact(890)
    stats = upload.api.stats()
    assert (stats["requests"], stats["duplicates"]) == (890, 0)
    assert upload.rows("receipts")[: len(before)] == before


def test_the_audit_log_tells_of_a_lost_state_and_later_runs_do_not(new_half: New) -> None:
    upload = new_half()
    lose(upload.state, "gone")
    running = upload.start(*SMALL, "--log-json")
    settled = read_checkpoint(upload.ledger()).settled
    running.until(lambda: upload.accepted > 600)
    stopped = running.finish(signal.SIGTERM)
    events = [json.loads(line) for line in stopped.err.splitlines()[:-1]]
    [lost] = [event for event in events if event["event"].startswith("state lost")]
    assert lost["level"] == "WARNING"
    assert (lost["settled"], lost["records"]) == (settled, 900)
    assert lost["state"] == str(upload.state)

    done = upload(*SMALL)
    assert (done.code, done.err) == (0, "")
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


def test_a_state_lost_again_and_again_and_killed_in_between_ends_exactly(new_half: New) -> None:
    """Killed also while it goes on from the ledger, before the new state knows anything."""
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"kills seeded with {seed}")  # noqa: T201 - to be repeated if it fails
    chance = Random(seed)
    upload = new_half(number=signal.SIGKILL)
    for lost in (True, False, True, False, False):
        if lost:
            lose(upload.state, "gone")
        goal = upload.accepted + chance.choice([0, 1, 40, 90])
        running = upload.start(*SMALL, "--workers", chance.choice([1, 2]))
        running.until(lambda goal=goal: upload.accepted >= goal)
        running.finish(signal.SIGKILL)
    lose(upload.state, "gone")
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)


def test_what_another_run_left_in_the_state_is_no_memory_of_this_one(
    new_half: New, new_export: New
) -> None:
    """A new volume that another export used first, and then the one whose state was lost."""
    upload = new_half()
    day = upload.exports
    lose(upload.state, "gone")
    upload.exports = (new_export(100, "night.ndjson", seed=9),)
    assert upload(*SMALL).code == 0
    upload.exports = day
    done = upload(*SMALL)
    assert done.code == 0
    assert "going on from its ledger" in done.err
    upload.exports = (*day, upload.exports[0].with_name("night.ndjson"))
    upload.assert_exact(890 + 90)
    assert upload.api.stats()["requests"] == 890 + 90


def test_several_exports_go_on_each_from_its_ledger(new_half: New) -> None:
    upload = new_half("day.csv", "night.ndjson")
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 1100)
    running.finish(signal.SIGTERM)
    lose(upload.state, "gone")
    assert upload(*SMALL, "--workers", "2").code == 0
    upload.assert_exact(2 * 890)
    assert upload.api.stats()["requests"] == 2 * 890


def test_a_ledger_that_only_lacked_its_seal_is_sealed(new_half: New) -> None:
    upload = new_half()
    assert upload(*SMALL).code == 0
    (upload.ledger() / "manifest.json").unlink()  # as if killed just before it was written
    lose(upload.state, "gone")
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


def test_rows_that_were_never_committed_go_although_the_store_is_there(
    api: New, new_export: New, new_upload: New
) -> None:
    """Killed in its first batch: no snapshot, no checkpoint, but a torn row and a store."""
    upload = new_upload(api("--latency", "0.3"), new_export(200))
    running = upload.start("--concurrency", "5")
    letters = upload.ledger() / "dead-letters.ndjson"
    running.until(lambda: upload.accepted > 0)
    running.finish(signal.SIGKILL)
    letters.write_bytes(b'{"torn": ')
    assert read_checkpoint(upload.ledger()) is None
    done = upload("--concurrency", "200")
    assert (done.code, done.complaint) == (0, "")
    upload.assert_exact(190)


def test_an_older_state_that_comes_back_is_not_mixed_with_the_ledger(
    new_half: New, tmp_path: Path
) -> None:
    upload = new_half()
    backup = shutil.copytree(upload.state, tmp_path / "backup")
    for goal in (500, 700):
        running = upload.start(*SMALL)
        running.until(lambda goal=goal: upload.accepted > goal)
        assert running.finish(signal.SIGTERM).code == 75
        shutil.rmtree(upload.state)
    shutil.copytree(backup, upload.state)
    before = upload.rows("receipts")
    halted = upload(*SMALL)
    assert halted.code == 1
    assert "the state folder is not that of the last run; put that back, or move" in halted.refusal
    assert upload.rows("receipts") == before
    shutil.rmtree(upload.state)
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


LOSSES = {
    "the folder": (["."], "receipts.ndjson is gone"),
    "receipts": (["receipts.ndjson"], "receipts.ndjson is gone"),
    "dead letters": (["dead-letters.ndjson"], "dead-letters.ndjson is gone"),
    "receipts and checkpoint": (["receipts.ndjson", ".checkpoint"], "receipts.ndjson is gone"),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_a_ledger_that_lost_files_is_refused_and_begins_anew_without_the_state(
    kind: str, new_half: New, tmp_path: Path
) -> None:
    names, words = LOSSES[kind]
    upload, ledger = (made := new_half()), made.ledger()
    before = upload.api.stats()
    kept = tmp_path / "kept"
    shutil.copytree(ledger, kept)
    for name in names:
        shutil.rmtree(ledger) if name == "." else (ledger / name).unlink()
    refused = upload(*SMALL)
    assert refused.code == 2
    assert f"{ledger}/{words}: part of the ledger is lost; put it back, or " in refused.refusal
    assert f"move {ledger} and {upload.state} away to begin anew" in refused.refusal
    assert upload.api.stats() == before

    if kind == "the folder":
        shutil.rmtree(upload.state)
        assert upload(*SMALL).code == 0
        upload.assert_exact(890)
        assert upload.api.stats()["duplicates"] == before["accepted"]
    else:
        shutil.rmtree(ledger)
        shutil.copytree(kept, ledger)
        assert upload(*SMALL).code == 0
        upload.assert_exact(890)
        assert upload.api.stats()["requests"] == 890


def test_a_checkpoint_that_is_gone_is_written_again(new_half: New) -> None:
    upload = new_half()
    (upload.ledger() / ".checkpoint").unlink()
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


def test_a_manifest_that_is_gone_is_told_as_such(new_half: New) -> None:
    upload = new_half()
    assert upload(*SMALL).code == 0
    (upload.ledger() / "manifest.json").unlink()
    refused = upload(*SMALL)
    assert refused.code == 2
    assert f"{upload.ledger()}/manifest.json is gone, but {upload.state} knows" in refused.refusal
    shutil.rmtree(upload.state)
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


@pytest.mark.parametrize("lost", [False, True])
def test_a_ledger_shorter_than_its_checkpoint_is_refused(new_half: New, *, lost: bool) -> None:
    upload = new_half()
    receipts = upload.ledger() / "receipts.ndjson"
    whole, before = receipts.read_bytes(), upload.api.stats()
    size = read_checkpoint(upload.ledger()).receipts_bytes
    receipts.write_bytes(whole[:100])
    if lost:
        lose(upload.state, "gone")
    refused = upload(*SMALL)
    assert refused.code == 2
    assert f"{receipts} has 100 of the {size:,} bytes that .checkpoint knows" in refused.refusal
    assert upload.api.stats() == before
    receipts.write_bytes(whole + b'{"torn": ')  # a torn line behind it is cut off
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


DAMAGES = {
    "no JSON": lambda _: b"{",
    "no checkpoint": lambda _: b"[]",
    "counts that are none": lambda values: values | {"counts": {"accepted": "many"}},
    "counts that do not add up": lambda values: values | {"settled": 1},
    "a lane beyond the end": lambda values: values | {"lanes": {"lane-0": {"offset": 1 << 40}}},
    "another export": lambda values: values | {"checksum": "0" * 64},
    "a length within a row": lambda values: values | {"receipts_bytes": 17},
    "another version": lambda values: values | {"version": 1},
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_checkpoint_is_refused_when_the_state_is_lost(kind: str, new_half: New) -> None:
    upload = new_half()
    path, before = upload.ledger() / ".checkpoint", upload.api.stats()
    whole = path.read_bytes()
    damaged = DAMAGES[kind](json.loads(whole))
    path.write_bytes(damaged if isinstance(damaged, bytes) else json.dumps(damaged).encode())
    lose(upload.state, "gone")
    refused = upload(*SMALL)
    assert refused.code == 2
    assert ".checkpoint" in refused.refusal
    assert upload.api.stats() == before
    path.write_bytes(whole)
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


def test_a_damaged_store_is_refused_and_may_be_moved_away(new_half: New) -> None:
    upload = new_half()
    [store] = upload.state.glob("*.sqlite3")
    for path in upload.state.glob("*.sqlite3-*"):
        path.unlink()
    store.write_bytes(b"no database at all" * 1000)
    refused = upload(*SMALL)
    assert refused.code == 2
    assert f"{store} cannot be used: file is not a database; move {upload.state} away" in (
        refused.refusal
    )
    shutil.rmtree(upload.state)
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890
