import json
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from connectors.ledger import Manifest, read_manifest
from connectors.ledger.counts import Counts
from connectors.ledger.manifest import new_manifest
from connectors.records import Export, Split

CONTRACT = {
    "export",
    "checksum",
    "bytes",
    "total_records",
    "valid_records",
    "rejected_records",
    "accepted",
    "duplicates",
    "dead_lettered",
    "reasons",
    "reconciled",
    "receipts_sha256",
    "dead_letters_sha256",
    "started_at",
    "completed_at",
}
BESIDES = {
    "version",
    "mode",
    "ledger",
    "format",
    "columns",
    "ancestors",
    "packing",
    "previous",
    "skipped",
    "stations",
    "api_url",
    "failed",
    "attempts",
    "parked",
    "throttled",
    "breaker_openings",
    "paused_seconds",
    "breaker_seconds",
    "token_renewals",
    "held_up",
}

EXPORT = Export(Path("/in/day.csv"), "csv", "ab" * 32, 1000, 5, (Split(0, 1000, 1),), ("SpotID",))
COUNTS = Counts(
    records=5, valid=3, skipped=1, accepted=2, reasons=Counter(schema=1, circuit_open=1)
)


def manifest(
    counts: Counts = COUNTS, export: Export = EXPORT, mode: str = "upload", **others: object
) -> Manifest:
    values = {
        "stations": None,
        "previous": None,
        "api_url": "http://a",
        "receipts_sha256": "1" * 64,
        "dead_letters_sha256": "2" * 64,
        "started_at": "2026-11-24T00:00:00.000+00:00",
        "completed_at": "2026-11-24T00:00:01.000+00:00",
    }
    return new_manifest(export, counts, mode=mode, **{**values, **others})


def test_the_fields_are_those_of_the_contract() -> None:
    assert {field.name for field in fields(Manifest)} == CONTRACT | BESIDES


def test_the_file_holds_every_field(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    assert set(json.loads((tmp_path / "manifest.json").read_bytes())) == CONTRACT | BESIDES


def test_it_names_the_export_without_its_folder() -> None:
    assert manifest().export == "day.csv"
    assert manifest().ledger == "day.csv.abababababab"
    assert (manifest().format, manifest().bytes) == ("csv", 1000)


def test_it_counts_what_became_of_the_records() -> None:
    made = manifest()
    assert (made.total_records, made.valid_records, made.rejected_records) == (5, 3, 1)
    assert (made.accepted, made.duplicates, made.failed, made.skipped) == (2, 0, 1, 1)
    assert (made.dead_lettered, made.reconciled) == (2, True)
    assert list(made.reasons.items()) == [("circuit_open", 1), ("schema", 1)]


@pytest.mark.parametrize(
    ("counts", "mode"),
    [
        (Counts(records=4, valid=4, accepted=4), "upload"),
        (Counts(records=5, valid=5, accepted=4), "upload"),
        (Counts(records=5, valid=5), "upload"),
        (Counts(records=5, valid=4, accepted=4), "upload"),
        (Counts(records=5, valid=4, accepted=4, duplicates=1), "upload"),
        (Counts(records=5, valid=5, accepted=5), "validate-only"),
    ],
)
def test_counts_that_do_not_add_up_are_not_reconciled(counts: Counts, mode: str) -> None:
    assert not manifest(counts, mode=mode).reconciled


def test_it_says_what_delivery_took() -> None:
    made = manifest(
        replace(
            COUNTS,
            attempts=9,
            throttled=3,
            breaker_openings=1,
            paused_seconds=0.1 + 0.2,
            breaker_seconds=60.00049,
            token_renewals=2,
        )
    )
    assert (made.attempts, made.parked, made.throttled) == (9, 1, 3)
    assert (made.breaker_openings, made.token_renewals) == (1, 2)
    assert (made.paused_seconds, made.breaker_seconds) == (0.3, 60.0)


def test_checking_alone_is_reconciled_without_receipts() -> None:
    assert manifest(Counts(records=5, valid=5), mode="validate-only").reconciled


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = manifest(stations=["KABC", "WXYZ"])
    made.write(tmp_path)
    assert read_manifest(tmp_path) == made


def test_it_is_read_only(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    assert (tmp_path / "manifest.json").stat().st_mode & 0o777 == 0o444


def test_a_file_name_stands_in_it_as_it_is(tmp_path: Path) -> None:
    named = replace(EXPORT, path=Path("Sendeplan für 東京.csv"))
    manifest(export=named).write(tmp_path)
    assert "Sendeplan für 東京.csv" in (tmp_path / "manifest.json").read_text(encoding="utf-8")


def test_a_ledger_that_is_not_sealed_has_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "gone") is None
