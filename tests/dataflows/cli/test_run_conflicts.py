"""Rows of one export that share a request ID: none disappears behind the API's idempotency."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest
from connectors.ledger.verify import verify

New = Callable[..., Any]

RECORDS = 400
GOOD = RECORDS - 10
SMALL = ("--checkpoint-records", "50")
COPIES = {20: 0, 120: 60, 250: 300, 260: 1}
"""How many rows further a row comes again with the same content."""
CONFLICTS = {30: 0, 31: 0, 130: 70, 240: 310, 270: 2}
"""The same, with another duration."""


def with_repeats(path: Path) -> None:
    """Repeat rows of an export, some of them changed."""
    rows = path.read_bytes().splitlines(keepends=True)
    extra: list[tuple[int, bytes]] = []
    for number, further in COPIES.items():
        extra.append((number + further, good(rows, number)))
    for number, further in CONFLICTS.items():
        changed = json.loads(good(rows, number))
        changed["Duration"] += 1
        row = json.dumps(changed, ensure_ascii=False).encode() + b"\n"
        extra.append((min(number + further, len(rows) - 1), row))
    for place, row in sorted(extra, reverse=True):
        rows.insert(place + 1, row)
    path.write_bytes(b"".join(rows))


def good(rows: list[bytes], number: int) -> bytes:
    """Give the first sound row from `number` on."""
    for row in rows[number:]:
        try:
            fields = json.loads(row)
        except ValueError:
            continue
        if len(fields) == 5 and type(fields["Duration"]) is int and fields["Duration"] > 0:
            return row
    raise AssertionError


def content(row: dict[str, Any]) -> tuple[int, str]:
    return row["duration_sec"], row["advertiser"]


def assert_told(upload: Any) -> None:
    """Hold the ledger against the API: receipts are what it has, and all else is a dead letter."""
    scheduled = {spot["request_id"]: content(spot) for spot in upload.api.spots()}
    receipts, letters = upload.rows("receipts"), upload.rows("dead-letters")
    conflicts = [row for row in letters if row["reason"] == "conflicting_duplicate"]
    assert len(scheduled) == GOOD
    assert len(receipts) == GOOD + len(COPIES)
    assert len(conflicts) == len(CONFLICTS)
    for receipt in receipts:
        assert content(receipt) == scheduled[receipt["request_id"]]
    for letter in conflicts:
        fields = json.loads(letter["raw"])
        assert (fields["Duration"], fields["ClientName"]) != scheduled[letter["request_id"]]
    manifest = read_manifest(upload.ledger())
    assert manifest
    assert manifest.reconciled
    assert manifest.accepted + manifest.duplicates == len(receipts)
    assert manifest.reasons["conflicting_duplicate"] == manifest.failed == len(CONFLICTS)
    assert not list(verify(upload.ledger()).findings)


@pytest.mark.parametrize("conflict", ["422", "409", "plain"])
def test_a_row_of_other_content_is_a_dead_letter_however_the_api_answers(
    conflict: str, api: New, new_export: New, new_upload: New
) -> None:
    path = new_export(RECORDS)
    with_repeats(path)
    upload = new_upload(api("--conflict", conflict), path)
    finished = upload(*SMALL)
    assert finished.code == 0
    assert "5  same spot, station and air time as another row" in finished.out
    assert_told(upload)
    stats = upload.api.stats()
    assert (stats["conflicts"], stats["duplicates"]) == (len(CONFLICTS), len(COPIES))
    if conflict == "plain":
        found = [row["detail"] for row in upload.rows("dead-letters") if row["status"] == 409]
        assert len(found) == len(CONFLICTS)
        assert all("Avstar has the row in line" in detail for detail in found)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("conflict", ["422", "409", "plain"])
def test_a_killed_run_tells_the_same_rows(
    conflict: str, workers: int, api: New, new_export: New, new_upload: New
) -> None:
    path = new_export(RECORDS)
    with_repeats(path)
    upload = new_upload(api("--conflict", conflict, "--latency", "0.02"), path)
    for goal in (40, 200):
        running = upload.start(*SMALL, "--workers", workers)
        running.until(lambda goal=goal: upload.accepted >= goal)
        running.finish(signal.SIGKILL)
    assert upload(*SMALL, "--workers", workers).code == 0
    assert_told(upload)


def test_a_row_of_other_content_is_found_where_the_state_was_lost(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    path = new_export(RECORDS)
    with_repeats(path)
    upload = new_upload(api("--conflict", "plain"), path)
    assert upload(*SMALL).code == 0
    first = upload.rows("dead-letters")
    upload.out.rename(tmp_path / "lost")
    assert upload(*SMALL).code == 0
    again = [row for row in upload.rows("dead-letters") if row["status"] == 409]
    assert all("Avstar may have the row in line" in row["detail"] for row in again)
    assert [row["line"] for row in again] == [row["line"] for row in first if row["status"] == 409]
    assert_told(upload)
