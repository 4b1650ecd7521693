"""Sheets that come again, corrected a bit more, or after what they hold was sent otherwise."""

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest
from connectors.sheet import ADDED

New = Callable[..., Any]
FAILING = ("--max-attempts", "1", "--breaker-failures", "1000")


@pytest.fixture
def night(api: New, new_export: New, new_upload: New) -> Any:
    """An upload of which a third failed, without a trace at the API."""
    upload = new_upload(api("--fault", "500=0.3"), new_export(120, bad=0))
    assert upload(*FAILING).code == 0
    upload.api.faults({})
    return upload


@pytest.fixture
def rows(night: Any, avstar: Any, tmp_path: Path) -> list[dict[str, str]]:
    """Give the rows of the sheet, all of them corrected."""
    path = tmp_path / "first.csv"
    assert avstar("dlq", "csv", night.out, "--csv", path).code == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{**row, "ClientName": "Right"} for row in csv.DictReader(file)]


def save(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def words(night: Any) -> tuple[Any, ...]:
    return ("--out", night.out, "--api-url", night.api.url, "--rate", "10000/0.1")


def cut_off_the_redrive(night: Any) -> None:
    """Run again what failed, as a run does at its end, and kill it after three requests."""
    requests = night.api.stats()["requests"]
    small = ("--checkpoint-records", "2", "--concurrency", "1", "--rate", "10/1")
    running = night.start(*FAILING, *small, AVSTAR_REDRIVE=None)
    running.until(lambda: night.api.stats()["requests"] >= requests + 3)
    running.finish(signal.SIGKILL)


def test_a_correction_that_comes_again_in_another_sheet_is_a_duplicate(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    one, two = save(tmp_path / "one.csv", rows[:3]), save(tmp_path / "two.csv", rows[:5])
    before = len(night.api.spots())
    assert avstar("run", one, *words(night)).code == 0
    done = avstar("run", two, *words(night))
    assert (done.code, len(night.api.spots())) == (0, before + 5)
    [ledger] = night.out.glob("two.csv.*")
    manifest = read_manifest(ledger)
    assert manifest
    assert (manifest.accepted, manifest.duplicates) == (2, 3)
    verified = avstar("verify", night.out, night.exports[0], one, two)
    assert verified.code == 0, verified.out


def test_a_row_that_was_corrected_otherwise_before_is_refused_before_anything_is_sent(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    assert avstar("run", save(tmp_path / "one.csv", rows[:3]), *words(night)).code == 0
    before = night.api.stats()["requests"]
    changed = [*rows[3:], {**rows[1], "Duration": "45"}]
    done = avstar("run", save(tmp_path / "two.csv", changed), *words(night))
    assert done.code == 2
    [ledger] = night.out.glob("one.csv.*")
    assert f"two.csv, line {len(changed) + 1}: the record that it comes from was deliv" in done.err
    assert f"in another form by {ledger}; delete the row" in done.refusal
    assert night.api.stats()["requests"] == before
    assert avstar("run", save(tmp_path / "two.csv", rows[3:]), *words(night)).code == 0


def test_a_corrected_sheet_is_refused_after_a_redrive_delivered_its_rows(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    assert avstar("dlq", "redrive", *words(night)[1:]).code == 0
    assert len(night.api.spots()) == 120
    done = avstar("run", save(tmp_path / "one.csv", rows), *words(night))
    assert (done.code, len(night.api.spots())) == (2, 120)
    assert "one.csv, line 2: the record that it comes from was delivered in" in done.refusal
    assert ".redrive-1.csv." in done.refusal


def test_what_failed_once_more_may_still_be_corrected(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    night.api.faults({"500": 1})
    failing = {"AVSTAR_MAX_ATTEMPTS": "1", "AVSTAR_BREAKER_FAILURES": "1000"}
    assert avstar("dlq", "redrive", *words(night)[1:], **failing).code == 3
    night.api.faults({})
    assert avstar("run", save(tmp_path / "one.csv", rows), *words(night)).code == 0
    assert len(night.api.spots()) == 120


def test_nothing_is_sent_in_another_form_while_a_sheet_is_half_sent(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    sheet = save(tmp_path / "one.csv", rows)
    half = type(night)(avstar, night.out, night.api, sheet)
    requests = night.api.stats()["requests"]
    small = ("--checkpoint-records", "2", "--concurrency", "1", "--rate", "10/1")
    running = half.start(*small)
    running.until(lambda: night.api.stats()["requests"] >= requests + 3)
    running.finish(signal.SIGKILL)
    redrive = ("dlq", "redrive", *words(night)[1:])
    done = avstar(*redrive)
    assert done.code == 2
    assert "the upload of the sheet one.csv is not finished" in done.refusal
    assert not list(night.out.glob("*.redrive-*"))
    assert half().code == 0
    assert "nothing can be sent again" in avstar(*redrive).err
    assert len(night.api.spots()) == 120


def test_what_lies_in_out_and_is_none_of_ours_breaks_no_run_and_no_verify(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api(), new_export(20, bad=0))
    (upload.out / "x").mkdir(parents=True)
    (upload.out / "x" / "manifest.json").write_text("{}")
    assert upload().code == 0
    assert avstar("verify", upload.out, upload.exports[0]).code == 0
    with (upload.out / ".chain").open("ab") as file:
        file.write(b"garbage\n\xff\n")
    assert new_upload(upload.api, new_export(20, "next.ndjson", bad=0, seed=2))().code == 0
    found = avstar("verify", upload.out)
    assert found.code == 1
    assert f"{upload.out / '.chain'}:2: is no line that a seal wrote [chain]" in found.out


def test_trouble_of_the_redrive_is_told_and_is_not_the_run_s(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    assert avstar("run", save(tmp_path / "one.csv", rows[:1]), *words(night)).code == 0
    [ledger] = night.out.glob("one.csv.*")
    (ledger / "receipts.ndjson").chmod(0o644)
    (ledger / "receipts.ndjson").write_bytes(b'{"ancestor":}\n')
    done = night(*FAILING, AVSTAR_REDRIVE=None)
    assert done.code == 0, done.err
    assert "not sent again: " in done.err


def test_a_corrected_sheet_waits_for_a_redrive_that_was_cut_off(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    cut_off_the_redrive(night)
    sheet = save(tmp_path / "one.csv", rows)
    done = avstar("run", sheet, *words(night))
    assert done.code == 2
    assert f"finish it first, with `avstar dlq redrive {night.out}`" in done.refusal
    assert avstar("dlq", "redrive", *words(night)[1:]).code == 0
    assert "was delivered in another form" in avstar("run", sheet, *words(night)).refusal
    assert len(night.api.spots()) == 120


def test_a_correction_whose_answer_was_lost_is_not_scheduled_twice_by_a_redrive(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    before = len(night.api.spots())
    night.api.faults({"lost": 1})
    one = save(tmp_path / "one.csv", rows[:4])
    assert avstar("run", one, *words(night), *FAILING).code == 0
    assert len(night.api.spots()) == before + 4  # they arrived, and no answer came
    night.api.faults({})
    assert avstar("dlq", "redrive", *words(night)[1:]).code == 0
    assert len(night.api.spots()) == 120
    verified = avstar("verify", night.out)
    assert verified.code == 0, verified.out
    assert verified.out.endswith(", 0 open\n")


def test_a_row_that_the_desk_added_to_two_sheets_is_scheduled_once(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    added = rows[0] | dict.fromkeys(ADDED, "") | {"SpotID": "ADDED"}
    before = len(night.api.spots())
    for number in (1, 2):
        sheet = save(tmp_path / f"{number}.csv", [rows[number], added])
        assert avstar("run", sheet, *words(night)).code == 0
    assert len(night.api.spots()) == before + 3
    assert avstar("verify", night.out, night.exports[0], tmp_path / "1.csv", sheet).code == 0


def test_a_column_that_was_sorted_alone_is_refused_before_anything_is_sent(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    requests = night.api.stats()["requests"]
    identities = sorted((row["SpotID"] for row in rows), reverse=True)
    mixed = [row | {"SpotID": one} for row, one in zip(rows, identities, strict=True)]
    done = avstar("run", save(tmp_path / "mixed.csv", mixed), *words(night))
    assert done.code == 2
    assert "cells of SpotID stand in other rows than before (lines 2, 3" in done.refusal
    assert "sort whole rows" in done.refusal
    assert night.api.stats()["requests"] == requests
    assert avstar("run", save(tmp_path / "whole.csv", rows[::-1]), *words(night)).code == 0
    assert len(night.api.spots()) == 120


def test_strict_counts_corrections_that_were_wrong(
    night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    wrong = [row | {"Duration": "soon"} for row in rows[:2]]
    assert avstar("run", save(tmp_path / "one.csv", [*wrong, *rows[2:]]), *words(night)).code == 0
    assert night("--strict", *FAILING).code == 3  # all of the night was replaced, two of it wrongly
    second = tmp_path / "second.csv"
    assert avstar("dlq", "csv", night.out, "--csv", second).code == 0
    with second.open(encoding="utf-8-sig", newline="") as file:
        right = [{**row, "Duration": "30"} for row in csv.DictReader(file)]
    assert len(right) == 2
    assert avstar("run", save(second, right), *words(night), "--strict").code == 0
    assert night("--strict", *FAILING).code == 0


def test_a_redrive_goes_on_with_what_was_cut_off_and_then_sends_the_rest(
    night: Any, new_export: New, new_upload: New, avstar: Any
) -> None:
    cut_off_the_redrive(night)
    [sheet] = night.out.glob("*.redrive-1.csv")
    assert sheet.stat().st_mode & 0o222 == 0
    night.api.faults({"500": 0.5})
    other = new_upload(night.api, new_export(20, "next.ndjson", bad=0, seed=2))
    assert other(*FAILING).code == 0
    failed = len(other.rows("dead-letters"))
    assert failed
    night.api.faults({})
    redrive = ("dlq", "redrive", *words(night)[1:])
    dry = avstar(*redrive, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert f"{sheet.name} would be gone on with: " in dry.out
    assert dry.out.endswith(f"{failed} others can be sent again; nothing was sent\n")
    assert sheet.exists()
    done = avstar(*redrive)
    assert (done.code, done.complaint) == (0, "")
    assert len(night.api.spots()) == 140
    assert avstar(*redrive, "--dry-run").out == "0 spots can be sent again; nothing was sent\n"


def test_a_corrected_sheet_is_not_sent_to_another_api(
    api: New, night: Any, rows: Any, avstar: Any, tmp_path: Path
) -> None:
    other = api()
    url = other.url.replace("127.0.0.1", "localhost")  # a server on another port may be the same
    sheet = save(tmp_path / "one.csv", rows)
    done = avstar("run", sheet, "--out", night.out, "--api-url", url)
    assert (done.code, other.stats()["requests"]) == (2, 0)
    assert f"was sent to {night.api.url}, and this is {url}" in done.refusal


def test_a_folder_may_be_named_as_the_one_that_somebody_is_in(
    night: Any, rows: Any, python: Any, avstar: Any, tmp_path: Path
) -> None:
    assert avstar("run", save(tmp_path / "one.csv", rows), *words(night)).code == 0
    here = {"PYTHONPATH": str(Path(__file__).parents[3])}
    for folder in (night.out, night.ledger()):
        done = python("dataflows.cli", "dlq", "list", ".", cwd=folder, **here)
        assert (done.code, done.out.partition(",")[0]) == (0, "0 dead letters open"), done.err
