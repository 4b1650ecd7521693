import csv
import io

import pytest

from connectors.cells import written
from connectors.ledger.audit.plain import PlainSpot
from connectors.ledger.audit.sheets import descent, reading_of_sheet, request_id_of
from connectors.records import COLUMNS, Ancestor, Line
from connectors.request_id import added_checksum, heir_checksum
from connectors.sheet import ADDED, SEALED, Past, original_of

HEADER = (*COLUMNS, *ADDED)
FIELDS = dict(zip(COLUMNS, ("00123", "KABC", "2026-11-24T05:30:00Z", "30", "=Acme"), strict=True))
ANCESTOR = Ancestor("ab" * 32, 17, 4200, "c" * 32)
SPOT = PlainSpot("00123", "2026-11-24T05:30:00Z", "KABC", 60, "=Acme")
HEIR = heir_checksum("ab" * 32, 4200, 60, "=Acme")


def line(request: str | None = ANCESTOR.request_id, **changes: str) -> Line:
    past = Past(ANCESTOR._replace(request_id=request), "rejected", original_of(FIELDS))
    cells = {name: written(value) for name, value in FIELDS.items()} | past.cells() | changes
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow([cells.get(name, "") for name in HEADER])
    raw = text.getvalue().encode()
    return Line(raw, 2, 90, len(raw))


@pytest.mark.parametrize(
    ("row", "kept"),
    [(line(), True), (line(Duration="60"), False), (line(request=None), False)],
)
def test_a_row_says_what_it_comes_from_and_whose_request_id_it_has(row: Line, kept: object) -> None:
    found = descent(row, HEADER)
    assert found.ancestor
    assert found.ancestor["offset"] == 4200
    assert found.kept is kept


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (line(**dict.fromkeys(SEALED, "")), HEADER),
        (line(AvstarOffset="1"), HEADER),
        (line(), COLUMNS),
        (Line(b"a,b", 2, 90, 3), HEADER),
    ],
)
def test_any_other_row_comes_from_nowhere(row: Line, columns: tuple[str, ...]) -> None:
    assert descent(row, columns) == (None, False)


def test_a_row_of_a_sheet_is_read_as_what_it_was() -> None:
    read = reading_of_sheet(HEADER)
    assert read
    assert read(line().raw) == ("00123", "2026-11-24T05:30:00Z", "KABC", 30, "=Acme")
    assert read(line(Duration="60").raw) == ("00123", "2026-11-24T05:30:00Z", "KABC", 60, "=Acme")
    assert [read(raw) for raw in (line(Duration="0").raw, line(Duration="x").raw, b"x")] == [
        None
    ] * 3
    assert reading_of_sheet(COLUMNS) is None


@pytest.mark.parametrize(
    ("row", "of_sheet", "expected"),
    [
        ({"request_id": "c" * 32, "ancestor": ANCESTOR._asdict()}, True, "c" * 32),
        ({"request_id": "d" * 32, "ancestor": ANCESTOR._asdict()}, True, SPOT.request_id(HEIR)),
        ({"request_id": "c" * 32}, False, SPOT.request_id("own")),
        ({"request_id": "c" * 32}, True, SPOT.request_id(added_checksum(60, "=Acme"))),
        (
            {"request_id": "c" * 32, "ancestor": {"request_id": "c" * 32}},
            False,
            SPOT.request_id("own"),
        ),
        (
            {"request_id": None, "ancestor": ANCESTOR._replace(request_id=None)._asdict()},
            True,
            SPOT.request_id(HEIR),
        ),
    ],
    ids=["kept", "corrected", "export", "added", "damaged", "never-sent"],
)
def test_a_request_id_is_held_to_the_export_or_to_what_its_row_comes_from(
    row: dict[str, object], of_sheet: object, expected: str
) -> None:
    assert request_id_of(row, "own", SPOT, of_sheet=bool(of_sheet)) == expected
