from pathlib import Path
from typing import get_args

import pytest

from connectors.ledger import Manifest
from connectors.records import Reason
from dataflows.summary import summary_lines

VALUES = {
    "mode": "upload",
    "ledger": "day.ndjson.abababababab",
    "export": "day.ndjson",
    "format": "ndjson",
    "columns": [],
    "ancestors": [],
    "previous": None,
    "checksum": "ab" * 32,
    "bytes": 1000,
    "total_records": 12_345,
    "valid_records": 12_340,
    "rejected_records": 5,
    "skipped": 0,
    "stations": None,
    "api_url": "http://a",
    "accepted": 12_338,
    "duplicates": 2,
    "failed": 0,
    "dead_lettered": 5,
    "reasons": {"schema": 5},
    "reconciled": True,
    "attempts": 12_340,
    "parked": 0,
    "throttled": 0,
    "breaker_openings": 0,
    "paused_seconds": 0.0,
    "breaker_seconds": 0.0,
    "token_renewals": 0,
    "receipts_sha256": "1" * 64,
    "dead_letters_sha256": "2" * 64,
    "started_at": "2026-11-24T00:00:00.000+00:00",
    "completed_at": "2026-11-24T00:00:01.000+00:00",
}


def lines(**changes: object) -> list[str]:
    return summary_lines(Manifest(**{**VALUES, **changes}), Path("/out/day.ndjson.abababababab"))


def test_an_upload_is_summed_up_for_people() -> None:
    assert lines() == [
        "day.ndjson",
        "  records       12,345",
        "  valid         12,340",
        "  accepted      12,338",
        "  duplicates    2",
        "  dead letters  5",
        "             5  a field is missing or wrong",
        f"  checksum      sha256 {'ab' * 32}",
        "  reconciled    yes",
        "  ledger        /out/day.ndjson.abababababab",
    ]


def test_a_check_says_nothing_of_delivery() -> None:
    text = "\n".join(lines(mode="validate-only", accepted=0, duplicates=0))
    assert "accepted" not in text
    assert "duplicates" not in text


def test_skipped_spots_are_told_where_stations_were_chosen() -> None:
    assert "  skipped       7" in lines(stations=["KABC"], skipped=7)
    assert not [line for line in lines() if "skipped" in line]


def test_books_that_do_not_balance_say_so() -> None:
    assert "  reconciled    NO: see `avstar verify`" in lines(reconciled=False)


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_words(reason: Reason) -> None:
    (line,) = [line for line in lines(reasons={reason: 3}) if line.startswith("             3  ")]
    assert reason not in line


def test_a_smooth_delivery_says_nothing_of_what_it_took() -> None:
    told = ("repeats", "throttled", "breaker open", "token renewed")
    assert not [line for line in lines() if line.strip().startswith(told)]


def test_what_held_a_delivery_up_is_told() -> None:
    found = lines(
        attempts=13_345,
        throttled=1_002,
        paused_seconds=61.25,
        breaker_openings=2,
        breaker_seconds=1_200.0,
        token_renewals=3,
    )
    assert found[7:11] == [
        "  repeats       1,005",
        "  throttled     1,002 (waited 61.2 s)",
        "  breaker open  2 (waited 1,200.0 s)",
        "  token renewed 3",
    ]


@pytest.mark.parametrize(
    ("waited", "line"),
    [("paused_seconds", "throttled     0"), ("breaker_seconds", "breaker open  0")],
)
def test_a_pause_that_another_export_brought_about_is_told_too(waited: str, line: str) -> None:
    assert f"  {line} (waited 9.0 s)" in lines(**{waited: 9.0})
