import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger.original import columns_of, content, original
from connectors.records import COLUMNS, DeadLetter
from connectors.sheet import ADDED
from tests.ledger.ledgers import Ledgers

FIELDS = dict(zip(COLUMNS, ("SP1", "KABC", "2026-11-24T05:30:00Z", "030", "=Acme"), strict=True))
SHEET = (*COLUMNS, "'=1", *ADDED)


def read(folder: Path, raw: bytes, columns: tuple[str, ...] = (), reason: Any = "schema") -> Any:
    letter = DeadLetter(1, 0, reason, "", None, False, None, 0, raw)
    ledgers = Ledgers(folder)
    ledgers.seal("day", letter, columns=columns)
    return original(letter, ledgers.ledgers()[0].manifest)


def row_of(cells: dict[str, str], columns: tuple[str, ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow([cells.get(name, "") for name in columns])
    return text.getvalue().encode()


def test_a_record_comes_back_by_its_names(tmp_path: Path) -> None:
    assert read(tmp_path / "json", json.dumps(FIELDS).encode()) == FIELDS
    assert read(tmp_path / "csv", row_of(FIELDS, COLUMNS), COLUMNS) == FIELDS


def test_a_row_of_a_sheet_comes_back_without_what_the_sheet_added(tmp_path: Path) -> None:
    cells = FIELDS | {"Duration": "'030", "ClientName": "'=Acme", "'=1": "'=2"}
    assert read(tmp_path, row_of(cells, SHEET), SHEET) == FIELDS | {"=1": "=2"}


@pytest.mark.parametrize("reason", ["not_json", "not_csv", "encoding", "line_too_long"])
def test_what_was_no_record_has_no_fields(tmp_path: Path, reason: str) -> None:
    assert read(tmp_path, b"{}", reason=reason) is None


@pytest.mark.parametrize(("raw", "columns"), [(b"{", ()), (b"a,b", COLUMNS), (b"\xff", COLUMNS)])
def test_what_cannot_be_read_has_none_either(
    tmp_path: Path, raw: bytes, columns: tuple[str, ...]
) -> None:
    assert read(tmp_path, raw, columns) is None


def test_columns_are_named_apart() -> None:
    assert columns_of(("a", "b", "a", "", "", "a")) == ("a", "b", "a (2)", "", " (2)", "a (3)")
    assert columns_of(("'=1",)) == ("'=1",)
    assert columns_of(SHEET)[len(COLUMNS)] == "=1"
    assert columns_of(("a", "a", "a (2)")) == ("a", "a", "a (2)")


def test_two_spots_of_one_request_id_may_differ_in_duration_and_client_alone() -> None:
    assert content(FIELDS) == ("30", "=Acme")
    assert content(FIELDS | {"Duration": 30, "SpotID": "other"}) == ("30", "=Acme")
