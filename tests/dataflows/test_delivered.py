"""What ledgers delivered is found, and no more of them is read than must be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.errors import RefusedError
from dataflows.delivered import delivered

Row = tuple[str, str, str]
New = Callable[..., Path]


@pytest.fixture
def ledger(tmp_path: Path) -> New:
    def write(name: str, *rows: Row, more: str = "") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        names = ("spot_id", "station", "airtime")
        lines = [json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows]
        (folder / "receipts.ndjson").write_text("".join(lines) + more)
        return folder

    return write


def row(spot: str, hour: str, station: str = "WXYZ") -> Row:
    return spot, station, f"2026-11-24T{hour}:00:00-05:00"


def nothing() -> None:
    pass


def test_what_a_ledger_delivered_is_told_by_all_that_is_aired(ledger: New) -> None:
    one, other = ledger("one", row("1", "05")), ledger("other", row("2", "05"), row("3", "06"))
    with delivered([one, other], nothing) as before:
        assert before.by(row("1", "05")) == one
        assert before.by(row("2", "05")) == before.by(row("3", "06")) == other
        for missed in (row("1", "06"), row("1", "05", "KABC"), row("3", "05"), row("1", "23")):
            assert before.by(missed) is None


def test_one_that_delivers_for_other_hours_is_not_read_row_by_row(ledger: New) -> None:
    damaged = ledger("one", row("1", "05"), more='{"airtime":"2026-11-24T05:00\n')
    with delivered([damaged], nothing) as before:
        assert before.by(row("1", "06")) is None
        with pytest.raises(RefusedError, match="is damaged"):
            before.by(row("1", "05"))


def test_one_whose_hours_cannot_be_told_is_read(ledger: New) -> None:
    odd = ledger("one", more='{"spot_id": "1", "station": "WXYZ", "airtime"  : "5"}\n')
    with delivered([odd], nothing) as before:
        assert before.by(("1", "WXYZ", "5")) == odd


def test_what_was_delivered_meanwhile_is_found(ledger: New) -> None:
    one = ledger("one", row("1", "05"))
    with delivered([one], nothing) as before:
        assert before.by(row("2", "07")) is None
    new = ledger("new", row("2", "07"))
    (new / "receipts.ndjson").rename(one / "receipts.ndjson")
    with delivered([one, new], nothing) as before:
        assert before.by(row("2", "07")) == one
