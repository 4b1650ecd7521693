"""What would be scheduled twice by a sheet, told before anything of it is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.avstar import AvstarSettings, Rate
from connectors.errors import RefusedError
from connectors.records import Ancestor, DeadLetter, Export, Receipt
from connectors.sheet import ADDED
from dataflows.sheets import refuse_elsewhere, refuse_twice
from tests.desk.sheets import Cells, rows_of, save
from tests.ledger.ledgers import Ledgers

LIMIT = 1 << 20
AIRTIME = "2026-11-24T05:30:00Z"


def raw(spot_id: str) -> bytes:
    fields = (spot_id, "KABC", AIRTIME, 30, "Acme")
    names = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
    return json.dumps(dict(zip(names, fields, strict=True))).encode()


def letter(offset: int, reason: Any = "rejected") -> DeadLetter:
    able, known = reason == "circuit_open", f"{offset:032}"
    return DeadLetter(offset, offset, reason, "", 400, able, known, 1, raw(f"SP{offset}"))


def receipt(
    offset: int, spot_id: str, request_id: str, ancestor: Ancestor | None = None
) -> Receipt:
    spot = (offset, offset, spot_id, "KABC", AIRTIME, request_id, "accepted", 201, 1, "now")
    return Receipt(*spot, 30, "Acme", raw(spot_id), ancestor)  # type: ignore[arg-type]


@pytest.fixture
def night(tmp_path: Path) -> Ledgers:
    ledgers = Ledgers(tmp_path / "out")
    ledgers.seal(
        "day", letter(1), letter(2), letter(3, "circuit_open"), receipt(9, "SP9", "9" * 32)
    )
    return ledgers


@pytest.fixture
def rows(night: Ledgers, tmp_path: Path) -> list[Cells]:
    return rows_of(night, tmp_path / "first.csv")


def refusal(night: Ledgers, *sheets: Export) -> str:
    with pytest.raises(RefusedError) as refused:
        refuse_twice(night.folder, sheets, LIMIT)
    assert "nothing was sent" in str(refused.value)
    return str(refused.value)


def test_corrections_of_what_is_open_are_sent(night: Ledgers, rows: Any, tmp_path: Path) -> None:
    corrected = [row | {"ClientName": "Right"} for row in rows]
    refuse_twice(night.folder, [save(tmp_path / "mend.csv", corrected)], LIMIT)
    refuse_twice(night.folder, [save(tmp_path / "same.csv", rows)], LIMIT)
    refuse_twice(night.folder, [], LIMIT)


def test_a_row_that_airs_what_the_night_delivered_is_refused(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    mend = save(tmp_path / "mend.csv", [rows[0], rows[1] | {"SpotID": "SP9", "Duration": "45"}])
    found = refusal(night, mend)
    [ledger] = night.folder.glob("day.*")
    assert f"mend.csv, line 3: spot, station and air time are what {ledger} delivered" in found
    assert f"under {'9' * 32}; delete the row" in found


def test_an_added_row_that_airs_what_the_night_or_a_sheet_delivered_is_refused(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    day = night.ledgers()[0].manifest.checksum
    origin = Ancestor(day, 1, 1, f"{1:032}")
    night.seal("one.csv", receipt(5, "SP77", "d" * 32, origin), ancestors=[day])
    for spot_id in ("SP9", "SP77"):
        added = rows[1] | dict.fromkeys(ADDED, "") | {"SpotID": spot_id}
        found = refusal(night, save(tmp_path / "mend.csv", [rows[1], added]))
        assert "mend.csv, line 3: spot, station and air time are what" in found


def test_two_rows_of_one_airing_are_refused_unless_they_are_one_request(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    copied = rows[2] | dict.fromkeys(ADDED, "")  # only the five fields were copied
    found = refusal(night, save(tmp_path / "mend.csv", [rows[2], copied]))
    assert "line 3: spot, station and air time are those of line 2 of" in found
    refuse_twice(night.folder, [save(tmp_path / "mend.csv", [copied, copied])], LIMIT)
    one, two = save(tmp_path / "1.csv", [rows[2]]), save(tmp_path / "2.csv", [rows[1], copied])
    assert "1.csv" in refusal(night, one, two)


def test_one_record_in_two_sheets_is_refused_if_they_differ(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    one = save(tmp_path / "1.csv", [rows[0] | {"ClientName": "One"}, rows[1]])
    two = save(tmp_path / "2.csv", [rows[0] | {"ClientName": "Two"}])
    same = save(tmp_path / "3.csv", [rows[0] | {"ClientName": "One"}, rows[2]])
    words = "2.csv, line 2: the record that it comes from is in line 2 of "
    assert words in refusal(night, one, two)
    refuse_twice(night.folder, [one, same], LIMIT)


def test_a_record_that_a_sheet_delivered_otherwise_is_refused_with_its_line(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    day = night.ledgers()[0].manifest.checksum
    origin = Ancestor(day, 2, 2, f"{2:032}")
    night.seal("one.csv", receipt(5, "SP2", "d" * 32, origin), ancestors=[day])
    mend = save(tmp_path / "mend.csv", [rows[0], rows[1] | {"ClientName": "Right"}])
    assert "mend.csv, line 3: the record that it comes from was delivered" in refusal(night, mend)


def test_a_row_under_whose_request_id_avstar_has_another_takes_no_part(
    night: Ledgers, tmp_path: Path
) -> None:
    """It is not sent as it is, so that the other row may be."""
    other = Ledgers(tmp_path / "other")
    other.seal("day", letter(1), letter(2, "conflicting_duplicate"))
    rows = rows_of(other, tmp_path / "first.csv")
    moved = rows[0] | {"SpotID": "SP2"}
    refuse_twice(other.folder, [save(tmp_path / "mend.csv", [moved, rows[1]])], LIMIT)


def test_a_sheet_goes_to_the_api_that_its_night_was_sent_to(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    sheets = [save(tmp_path / "mend.csv", rows)]

    def to(url: str) -> AvstarSettings:
        return AvstarSettings(api_url=url, rate=Rate(1, 1))

    refuse_elsewhere(night.folder, sheets, to("http://127.0.0.1:9"))
    refuse_elsewhere(tmp_path / "elsewhere", sheets, to("http://localhost"))
    with pytest.raises(
        RefusedError, match=r"was sent to http://127\.0\.0\.1, and this is http://loc"
    ):
        refuse_elsewhere(night.folder, sheets, to("http://localhost"))


def test_a_row_that_is_there_as_it_was_and_corrected_is_refused(
    night: Ledgers, rows: Any, tmp_path: Path
) -> None:
    copied = rows[2] | {"SpotID": "SP300"}  # the whole row was copied, and then corrected
    found = refusal(night, save(tmp_path / "mend.csv", [copied, rows[2]]))
    assert "line 2: the record that it comes from is in line 3 of" in found
    halves = [rows[2] | {"SpotID": one} for one in ("SP300", "SP301")]
    refuse_twice(night.folder, [save(tmp_path / "mend.csv", halves)], LIMIT)
