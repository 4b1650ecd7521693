import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS
from connectors.avion.survey import survey
from connectors.avion.validator import Validated, Validator
from connectors.cells import written
from connectors.errors import RefusedError
from connectors.records import COLUMNS, Ancestor, Batch, Span
from connectors.request_id import added_checksum, heir_checksum, request_id
from connectors.sheet import ADDED, Past, original_of

BEFORE = "ab" * 32
NOW = "cd" * 32
HEADER = (*COLUMNS, *ADDED)
VALUES = {
    "SpotID": "00123",
    "StationCode": "KABC",
    "AirDateTime": "2026-11-24T05:30:00-05:00",
    "Duration": "30",
    "ClientName": "=Acme",
}
ID = request_id("00123", "2026-11-24T05:30:00-05:00", BEFORE, "KABC")

Row = dict[str, str]


def row(kind: str = "retries_exhausted", request: str | None = ID, **changes: str) -> Row:
    past = Past(Ancestor(BEFORE, 17, 4200, request), kind, original_of(VALUES))
    shown = {name: written(value) for name, value in VALUES.items()}
    return {**shown, **past.cells(), **changes}


def no_record(**typed: str) -> Row:
    past = Past(Ancestor(BEFORE, 3, 90, None), "not_json", '{"SpotID": ')
    return {**past.cells(), **typed}


def text_of(*rows: Row, header: tuple[str, ...] = HEADER) -> bytes:
    file = io.StringIO(newline="")
    table = csv.DictWriter(file, header, restval="", lineterminator="\r\n", extrasaction="ignore")
    table.writeheader()
    table.writerows(rows)
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def validated(*rows: Row, sheet: str = NOW, **settings: Any) -> Validated:
    body = text_of(*rows).partition(b"\n")[2]
    cutter = Cutter(FORMATS["csv"], columns=HEADER)
    [lines] = [*cutter.feed(body), *cutter.close()]
    return Validator(**settings)(Batch(Span("mend.csv", sheet, "lane-0", 0, 9, 9), lines))


def test_a_row_left_as_it_was_keeps_its_request_id() -> None:
    [spot] = validated(row()).spots
    assert (spot.request_id, spot.spot_id, spot.advertiser) == (ID, "00123", "=Acme")
    assert spot.ancestor == Ancestor(BEFORE, 17, 4200, ID)


@pytest.mark.parametrize(
    ("name", "value"), [("SpotID", "124"), ("Duration", "60"), ("ClientName", "Acme")]
)
def test_a_corrected_row_gets_a_new_request_id_whatever_was_corrected(
    name: str, value: str
) -> None:
    [spot] = validated(row(**{name: value})).spots
    origin = heir_checksum(BEFORE, 4200, spot.duration, spot.advertiser)
    new = request_id(spot.spot_id, spot.airtime, origin, spot.station)
    assert spot.request_id == new != ID
    assert spot.ancestor == Ancestor(BEFORE, 17, 4200, ID)


def test_a_correction_left_as_it_was_keeps_the_request_id_that_it_was_sent_under() -> None:
    """It was derived of the record that was corrected, and not of the sheet it stood in."""
    [spot] = validated(row(request="f" * 32)).spots
    assert spot.request_id == "f" * 32
    with pytest.raises(RefusedError, match="AvstarSeal does not fit"):
        validated(row(AvstarRequestID="f" * 32))


def test_what_was_rejected_before_it_was_sent_gets_a_request_id_of_its_own() -> None:
    [spot] = validated(row(kind="schema", request=None)).spots
    origin = heir_checksum(BEFORE, 4200, 30, "=Acme")
    assert spot.request_id == request_id("00123", spot.airtime, origin, "KABC")


def test_the_same_correction_in_another_sheet_has_the_same_request_id() -> None:
    [one] = validated(row(Duration="60")).spots
    [other] = validated(row(Duration="60"), sheet="ef" * 32).spots
    assert one.request_id == other.request_id


def test_what_was_no_record_is_one_when_its_fields_are_filled_in() -> None:
    [spot] = validated(no_record(**VALUES)).spots
    assert spot.ancestor == Ancestor(BEFORE, 3, 90, None)
    found = validated(no_record())
    [letter] = found.dead_letters
    assert (letter.reason, letter.ancestor) == ("schema", Ancestor(BEFORE, 3, 90, None))


def test_a_row_that_the_desk_added_comes_from_nowhere() -> None:
    [spot] = validated(row() | dict.fromkeys(ADDED, "")).spots
    assert (spot.ancestor, spot.request_id != ID) == (None, True)


def test_a_row_that_the_desk_added_has_one_request_id_in_every_sheet() -> None:
    added = row() | dict.fromkeys(ADDED, "")
    [one] = validated(added).spots
    [other] = validated(added, sheet="ef" * 32).spots
    [longer] = validated(added | {"Duration": "60"}).spots
    assert one.request_id == other.request_id != longer.request_id
    origin = added_checksum(30, "=Acme")
    assert one.request_id == request_id("00123", one.airtime, origin, "KABC")


def test_what_came_back_unchanged_once_is_not_sent_if_it_does_again() -> None:
    found = validated(row(kind="unchanged", request=None))
    [letter] = found.dead_letters
    assert (letter.reason, letter.request_id, len(found.spots)) == ("unchanged", None, 0)
    [corrected] = validated(row(kind="unchanged", request=None, SpotID="SP2")).spots
    assert corrected.spot_id == "SP2"


def test_a_conflicting_row_left_as_it_was_is_not_sent_again() -> None:
    found = validated(row(kind="conflicting_duplicate"), row(kind="rejected"))
    [letter] = found.dead_letters
    assert (letter.reason, letter.request_id) == ("unchanged", None)
    assert letter.ancestor == Ancestor(BEFORE, 17, 4200, ID)
    assert found.tally[1:] == (2, 1, 0)
    [corrected] = validated(row(kind="conflicting_duplicate", Duration="60")).spots
    assert corrected.duration == 60


def test_what_was_a_spot_once_needs_no_time_zone_again() -> None:
    local = VALUES | {"AirDateTime": "2026-11-24T05:30:00"}
    cells = {name: written(value) for name, value in local.items()}
    known = request_id("00123", local["AirDateTime"], BEFORE, "KABC")
    past = Past(Ancestor(BEFORE, 17, 4200, known), "circuit_open", original_of(local))
    [spot] = validated({**cells, **past.cells()}).spots
    assert spot.request_id == known
    [letter] = validated({**cells, **past.cells(), "Duration": "31"}).dead_letters
    assert "has no UTC offset" in letter.detail


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(text: bytes) -> Path:
        path = tmp_path / "mend.csv"
        path.write_bytes(text)
        return path

    return write


New = Callable[[bytes], Path]


def test_a_survey_names_the_exports_that_a_sheet_comes_from(sheet: New) -> None:
    export = survey(sheet(text_of(row(), no_record(**VALUES), row() | dict.fromkeys(ADDED, ""))))
    assert (export.records, export.ancestors) == (3, (BEFORE,))


def test_an_export_that_is_no_sheet_comes_from_nowhere(sheet: New) -> None:
    assert survey(sheet(text_of(row(), header=COLUMNS))).ancestors == ()


def test_columns_may_change_their_places(sheet: New) -> None:
    path = sheet(text_of(row(), header=tuple(reversed(HEADER))))
    assert survey(path).ancestors == (BEFORE,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (text_of(row(), row(SpotID="123")), "line 3: SpotID is '123' and was '00123': it lost its"),
        (text_of(row(AirDateTime="11/24/2026 5:30")), "line 2: AirDateTime is '11/24/2026 5:30'"),
        (text_of(row(AvstarOffset="4.2E+03")), "line 2: the Avstar… cells are not those that"),
        (text_of(row(AvstarOrigin="")), "line 2: the Avstar… cells are not those that"),
        (text_of(row()) + b"a,b\r\n", "line 3: the row has 2 cells, the header names 17; save"),
        (text_of(row()).replace(b"=Acme", b"\xfcber", 1), "line 2: byte "),
        (text_of(row(ClientName="x" * 5000)), "raise --line-limit above that"),
        (text_of(row()).replace(b",", b";"), "separated by semicolons"),
        (text_of(row()).decode().encode("utf-16"), "UTF-16: save it as UTF-8"),
        (text_of(row()).decode().encode("utf-16-le"), "UTF-16: save it as UTF-8"),
        (text_of(row(), header=HEADER[:-1]), "lacks AvstarSeal"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_damaged_sheet_is_refused_with_the_row_and_the_mend(
    sheet: New, text: bytes, words: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        survey(sheet(text), line_limit=4096)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_damaged_rows_are_counted(sheet: New) -> None:
    with pytest.raises(RefusedError, match=r"nothing was sent \(2 more rows are damaged\)"):
        survey(sheet(text_of(*[row(SpotID="123")] * 3)))


def test_a_column_that_was_sorted_alone_is_refused_with_its_rows_and_the_mend(sheet: New) -> None:
    one, two = VALUES, VALUES | {"SpotID": "00124"}

    def past(offset: int, values: Row) -> Row:
        ancestor = Ancestor(BEFORE, 17, offset, None)
        return Past(ancestor, "rejected", original_of(values)).cells()

    swapped = [two | past(1, one), one | past(2, two)]
    with pytest.raises(RefusedError) as refused:
        survey(sheet(text_of(*swapped)))
    for words in ("2 cells of SpotID stand in other rows", "(lines 2, 3)", "sort whole rows"):
        assert words in str(refused.value)
    for rows in (swapped[:1], swapped[1:], [one | past(1, one), two | past(2, two)]):
        assert survey(sheet(text_of(*rows))).ancestors == (BEFORE,)


def test_rows_that_a_spreadsheet_left_empty_are_none(sheet: New) -> None:
    empty = b"," * (len(HEADER) - 1) + b"\r\n"
    export = survey(sheet(text_of(row()) + empty + text_of(row()).partition(b"\n")[2] + empty * 3))
    assert (export.records, export.ancestors) == (2, (BEFORE,))
