from pathlib import Path

import pytest

from connectors.avion.sheet_rows import SheetRow, sheet_rows
from connectors.avion.survey import survey
from connectors.records import Ancestor
from connectors.sheet import ADDED
from tests.avion.test_sheets import BEFORE, ID, VALUES, Row, no_record, row, text_of, validated

ORIGIN = Ancestor(BEFORE, 17, 4200, ID)
AIRING = ("00123", "KABC", VALUES["AirDateTime"])


def only(folder: Path, cells: Row) -> SheetRow:
    path = folder / "mend.csv"
    path.write_bytes(text_of(cells))
    [found] = sheet_rows(survey(path))
    return found


def test_a_row_left_as_it_was_would_keep_its_request_id(tmp_path: Path) -> None:
    assert only(tmp_path, row()) == SheetRow(2, ORIGIN, ID, AIRING, new=False)


@pytest.mark.parametrize(
    "cells",
    [
        row(Duration="60"),
        row(request=None),
        row() | dict.fromkeys(ADDED, ""),
        no_record(**VALUES),
        row("conflicting_duplicate", Duration="60"),
    ],
    ids=["corrected", "never-sent", "added", "no-record", "conflicting"],
)
def test_the_request_id_foretold_is_the_one_that_it_is_sent_under(
    cells: Row, tmp_path: Path
) -> None:
    [spot] = validated(cells).spots
    found = only(tmp_path, cells)
    assert (found.request_id, found.new) == (spot.request_id, True)
    assert found.ancestor == spot.ancestor
    assert found.airing == (spot.spot_id, spot.station, spot.airtime)


def test_what_is_no_spot_has_no_request_id_and_airs_nothing(tmp_path: Path) -> None:
    found = only(tmp_path, row(Duration="soon"))
    assert found == SheetRow(2, ORIGIN, None, None, new=False)


def test_what_is_not_sent_as_it_is_airs_nothing(tmp_path: Path) -> None:
    found = only(tmp_path, row("conflicting_duplicate"))
    assert found == SheetRow(2, ORIGIN, ID, None, new=False)
