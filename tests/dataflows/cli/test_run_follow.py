"""`--follow`: exports are uploaded as they arrive, and archived with their ledgers."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.external.ports import free_port
from tests.processes import ROOT

New = Callable[..., Any]
GROWS = """
from dataflows.follow import first

carry = first.carry

def grows(settings, exports, given):
    done = carry(settings, exports, given)
    with exports[0].path.open("ab") as file:
        file.write(b'{"SpotID": "late"}\\n')
    return done

first.carry = grows
"""


def test_what_arrives_is_uploaded_in_order_and_archived_with_its_ledger(landing: New) -> None:
    one = landing()
    names = ("z.ndjson", "m.csv", "a.ndjson")
    for number, name in enumerate(names):
        one.put(name, 60 + number, seed=number)
    running = one.start()
    one.until(running, *names)
    assert [manifest.export for manifest in one.sealed()] == list(names)
    one.put("later.csv", 70, ".done", seed=9)
    one.until(running, "later.csv")
    done = running.finish(signal.SIGTERM)
    assert done.code == 75
    assert done.complaint.endswith("avstar: stopped; the same command again goes on\n")
    assert done.out.count("reconciled    yes") == 4
    assert one.left() == []
    assert (one.place("later.csv").parent / "later.csv.done").exists()
    one.assert_exact(60 + 61 + 62 + 70, *names, "later.csv")


def test_one_that_arrives_while_another_is_uploaded_has_its_turn_even_under_the_same_name(
    landing: New,
) -> None:
    one = landing("--latency", "0.2")
    one.put("day.ndjson", 400, seed=1)
    running = one.start("--checkpoint-records", "50")
    one.until_accepted(running, 50)
    one.put("day.ndjson", 40, seed=2)
    running.until(lambda: len(list(one.archive.glob("day.ndjson.*/export/day.ndjson"))) == 2)
    assert running.finish(signal.SIGTERM).code == 75
    assert len(one.api.spots()) == 440
    assert one.left() == []


def test_a_companion_says_that_an_export_is_whole_and_without_one_quiet_does(
    landing: New,
) -> None:
    one = landing()
    one.put("quiet.ndjson", 30, seed=1)
    told = one.put("told.ndjson", 30, seed=2)
    content = told.read_bytes()
    digest = {"records": 30, "sha256": hashlib.sha256(content).hexdigest()}
    told.with_name("told.ndjson.manifest.json").write_text(json.dumps(digest))
    one.put("done.ndjson", 30, ".done", seed=3)
    running = one.start("--settle-seconds", "inf")
    one.until(running, "told.ndjson", "done.ndjson")
    assert running.finish(signal.SIGTERM).code == 75
    assert one.left() == ["quiet.ndjson"]
    running = one.start()
    one.until(running, "quiet.ndjson")
    running.finish(signal.SIGTERM)
    one.assert_exact(90, "told.ndjson", "done.ndjson", "quiet.ndjson")


def test_a_bad_export_is_set_aside_with_its_reason_and_stops_no_other(landing: New) -> None:
    one = landing()
    one.put("first.ndjson", 20, seed=1)
    (one.folder / "header.csv").write_text("Spot,Station\n1,KABC\n")
    torn = one.put("torn.ndjson", 20, seed=2)
    digest = {"records": 21, "sha256": hashlib.sha256(torn.read_bytes()).hexdigest()}
    torn.with_name("torn.ndjson.manifest.json").write_text(json.dumps(digest))
    (one.folder / "picture.csv").write_bytes(b"%PDF-1.7")
    one.put("last.ndjson", 20, seed=3)
    running = one.start("--log-json")
    rejected = one.folder / "rejected"
    one.until(running, "first.ndjson", "last.ndjson")
    running.until(lambda: len(list(rejected.glob("*/*.reason"))) == 3)
    running.until(lambda: not (one.folder / "processing").exists())
    done = running.finish(signal.SIGTERM)
    reasons = {path.parent.name: path.read_text() for path in rejected.glob("*/*.reason")}
    assert "the CSV header lacks SpotID" in reasons["header.csv"]
    assert "holds 20 records, torn.ndjson.manifest.json says 21" in reasons["torn.ndjson"]
    assert "is a PDF" in reasons["picture.csv"]
    assert (rejected / "torn.ndjson" / "torn.ndjson.manifest.json").exists()
    assert one.left() == ["rejected"]
    logged = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    events = [line["event"] for line in logged]
    assert {"idle", "taken", "archived", "started", "sealed", "closed"} < set(events)
    told = {line["export"]: line["reason"] for line in logged if line["event"] == "set aside"}
    assert {name: f"{reason}\n" for name, reason in told.items()} == reasons
    one.assert_exact(40, "first.ndjson", "last.ndjson")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_stop_in_the_middle_is_gone_on_with(how: signal.Signals, landing: New) -> None:
    one = landing("--latency", "0.2")
    one.put("day.ndjson", 400, ".done", seed=1)
    one.put("next.ndjson", 30, ".done", seed=2)
    running = one.start("--checkpoint-records", "50")
    one.until_accepted(running, 70)
    left = running.finish(how)
    assert left.code == (75 if how is signal.SIGTERM else -9)
    assert one.left() == ["next.ndjson", "next.ndjson.done", "processing"]
    running = one.start()
    one.until(running, "day.ndjson", "next.ndjson")
    running.finish(signal.SIGTERM)
    assert [manifest.export for manifest in one.sealed()] == ["day.ndjson", "next.ndjson"]
    one.assert_exact(430, "day.ndjson", "next.ndjson")


def test_one_that_is_sealed_and_still_there_after_a_crash_is_only_moved(
    landing: New, dying: New
) -> None:
    one = landing()
    one.put("day.ndjson", 50, ".done", seed=1)
    killed = one.start(**dying("dataflows.follow.first", "archive"))
    assert killed.finish().code == -9
    assert next(one.sealed()).export == "day.ndjson"
    assert one.place("day.ndjson") is None
    requests = one.api.stats()["requests"]
    running = one.start()
    one.until(running, "day.ndjson")
    assert "is settled already; nothing was sent" in running.finish(signal.SIGTERM).err
    assert one.api.stats()["requests"] == requests
    one.assert_exact(50, "day.ndjson")


def test_what_is_written_to_after_it_was_uploaded_is_not_archived_as_if_it_were_settled(
    landing: New, tmp_path: Path
) -> None:
    one = landing()
    (tmp_path / "sitecustomize.py").write_text(GROWS)
    one.put("day.ndjson", 50, ".done", seed=1)
    running = one.start(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    reason = one.folder / "rejected" / "day.ndjson" / "day.ndjson.reason"
    running.until(reason.exists)
    running.finish(signal.SIGTERM)
    assert "written to after 50 records of it had been uploaded" in reason.read_text()
    assert reason.with_suffix("").read_bytes().count(b"\n") == 51
    assert one.place("day.ndjson") is None
    assert len(one.api.spots()) == 50


def test_what_can_be_is_sent_again_before_an_export_is_archived(landing: New, dying: New) -> None:
    one = landing("--fault", "500=1")
    one.put("day.ndjson", 40, ".done", seed=1)
    by_itself = {"AVSTAR_REDRIVE": None}
    failing = ("--max-attempts", "1", "--breaker-failures", "1000")
    killed = one.start(*failing, **by_itself, **dying("dataflows.job", "_redrive"))
    assert killed.finish().code == -9
    one.api.faults({})
    running = one.start(**by_itself)
    one.until(running, "day.ndjson")
    running.finish(signal.SIGTERM)
    assert len(one.api.spots()) == 40
    assert len(list(one.archive.glob("day.ndjson.*.redrive-1.csv.*"))) == 1


def test_the_same_export_again_is_nothing_new(landing: New) -> None:
    one = landing()
    content = one.put("day.ndjson", 30, seed=1).read_bytes()
    running = one.start()
    one.until(running, "day.ndjson")
    (one.folder / "day.ndjson").write_bytes(content)
    running.until(lambda: "is settled already" in running.err and not one.left())
    (one.folder / "copy.ndjson").write_bytes(content)
    reason = one.folder / "rejected" / "copy.ndjson" / "copy.ndjson.reason"
    running.until(reason.exists)
    assert running.finish(signal.SIGTERM).code == 75
    assert "holds what day.ndjson held" in reason.read_text()
    one.assert_exact(30, "day.ndjson")


def test_a_ledger_that_is_damaged_keeps_only_its_own_export_from_going_on(landing: New) -> None:
    one = landing("--latency", "0.2")
    one.put("day.ndjson", 400, ".done", seed=1)
    running = one.start("--checkpoint-records", "50")
    one.until_accepted(running, 120)
    running.finish(signal.SIGTERM)
    [receipts] = one.archive.glob("day.ndjson.*/receipts.ndjson")
    os.truncate(receipts, 10)
    one.put("next.ndjson", 30, ".done", seed=2)
    running = one.start()
    one.until(running, "next.ndjson")
    running.finish(signal.SIGTERM)
    [reason] = one.folder.glob("rejected/day.ndjson/*.reason")
    assert "part of the ledger is lost" in reason.read_text()


def test_waiting_writes_nothing_and_ends_at_once(landing: New) -> None:
    one = landing()
    one.put("day.ndjson", 30, seed=1)
    address = f"127.0.0.1:{free_port()}"
    running = one.start("--page", address)
    one.until(running, "day.ndjson")
    page = f"http://{address}"
    running.until(lambda: urlopen(f"{page}/live").read() == b"idle\n")
    before = one.written()
    assert b"avstar_records_valid_total 30.0" in urlopen(f"{page}/metrics").read()
    assert urlopen(f"{page}/ready").status == 200
    time.sleep(3)  # in which it looks again and again
    assert one.written() == before
    done = running.finish(signal.SIGINT)
    assert (done.code, done.complaint.count("\n")) == (75, 4)


def test_a_token_that_is_refused_halts_and_the_export_stays_in_hand(landing: New) -> None:
    one = landing()
    one.put("day.ndjson", 30, seed=1)
    done = one.start(AVSTAR_TOKEN="wrong").finish()
    assert done.code == 1
    assert one.left() == ["processing"]
    running = one.start()
    one.until(running, "day.ndjson")
    running.finish(signal.SIGTERM)
    one.assert_exact(30, "day.ndjson")


def test_two_do_not_follow_one_folder(landing: New) -> None:
    one = landing()
    running = one.start()
    running.until(lambda: "waiting for exports" in running.err)
    assert "is written by another run" in one.start().finish().refusal
    assert running.finish(signal.SIGTERM).code == 75


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--validate-only",), "does not go with --validate-only; check an export by a run"),
        (("--strict",), "does not go with --strict; it does not end"),
        (("day.ndjson",), "does not go with an EXPORT; leave it away"),
        (("--out", "elsewhere"), "leave --out away (it is elsewhere)"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    options: tuple[str, ...], words: str, avstar: Any, tmp_path: Path, recorder: Any
) -> None:
    given = ["--follow", tmp_path, "--archive", tmp_path / "archive", "--api-url", recorder.url]
    done = avstar("run", *options, *given)
    assert done.code == 2
    assert words in done.refusal


def test_the_folders_must_be_given_and_there(avstar: Any, tmp_path: Path) -> None:
    assert "--follow needs --archive" in avstar("run", "--follow", tmp_path).refusal
    missing = tmp_path / "missing"
    done = avstar("run", "--follow", missing, "--archive", tmp_path)
    assert "missing is no folder; give --follow the one" in done.refusal
