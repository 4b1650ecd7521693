import pytest

from connectors.desk.names import is_sheet_name, night_of, number_of, sheet_name, sheet_of

NIGHT = "day.ndjson.0123456789ab"
SHEET = "day.ndjson.0123456789ab.redrive-2.csv"


def test_a_sheet_is_named_by_its_night_and_try() -> None:
    assert sheet_name(NIGHT, 2) == SHEET
    assert (is_sheet_name(SHEET), number_of(SHEET)) == (True, 2)
    assert sheet_of(f"{SHEET}.ba9876543210") == SHEET


@pytest.mark.parametrize("ledger", [NIGHT, f"{SHEET}.ba9876543210"])
def test_what_was_sent_again_belongs_to_its_night(ledger: str) -> None:
    assert night_of(ledger) == NIGHT


@pytest.mark.parametrize("name", ["day.csv", "mend.csv", "x.redrive-.csv", "x.redrive-1.csv.draft"])
def test_any_other_file_is_none(name: str) -> None:
    assert not is_sheet_name(name)
    assert number_of(name) == 0
