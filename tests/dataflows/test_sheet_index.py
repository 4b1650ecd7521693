from collections.abc import Iterator

import pytest

from connectors.avion.sheet_rows import SheetRow
from connectors.records import Ancestor
from dataflows.sheet_index import SheetIndex, sheet_index

AIRING, OTHER = ("SP1", "KABC", "now"), ("SP1", "KABC", "then")


def row(
    line: int,
    request_id: str | None = "x",
    *,
    offset: int | None = 0,
    airing: tuple[str, str, str] | None = AIRING,
    new: bool = True,
) -> SheetRow:
    ancestor = None if offset is None else Ancestor("a", 1, offset, None)
    return SheetRow(line, ancestor, request_id, airing, new)


@pytest.fixture
def index() -> Iterator[SheetIndex]:
    with sheet_index() as index:
        yield index


def test_records_come_back_with_their_request_ids_and_first_lines(index: SheetIndex) -> None:
    index.add(0, [row(2, offset=None), row(3, "x", offset=7), row(4, None, offset=7)])
    assert list(index.records(0)) == [(("a", 7), "x"), (("a", 7), None)]
    assert index.line_of(0, ("a", 7)) == 3
    assert not list(index.records(1))


@pytest.mark.parametrize(("other", "differ"), [("x", False), ("y", True), (None, True)])
def test_one_record_in_two_sheets_is_told_if_it_would_be_sent_otherwise(
    index: SheetIndex, other: str | None, *, differ: bool
) -> None:
    index.add(0, [row(2)])
    index.add(1, [row(5, other)])
    found = index.otherwise()
    assert (found is not None) == differ
    if found:
        assert found == ((1, 5), (0, 2))


def test_rows_of_one_sheet_that_come_from_one_record_are_not_told(index: SheetIndex) -> None:
    index.add(0, [row(2), row(3, "y", airing=OTHER)])
    assert index.otherwise() is None
    assert index.same_airing() is None


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (row(3, "y", offset=1), True),
        (row(3, "x", offset=1), False),
        (row(3, "y", offset=1, airing=OTHER), False),
        (row(3, "y", offset=1, airing=None), False),
        (row(3, "y", offset=1, new=False), True),
        (row(3, None, offset=1, airing=None), False),
    ],
)
def test_one_airing_under_two_request_ids_is_told(
    index: SheetIndex, other: SheetRow, *, same: bool
) -> None:
    index.add(0, [row(2), other])
    assert (index.same_airing() is not None) == same


def test_what_only_keeps_its_request_ids_is_not_held_against_each_other(index: SheetIndex) -> None:
    index.add(0, [row(2, new=False), row(3, "y", offset=1, new=False)])
    assert index.same_airing() is None
    assert not index.has_new
    assert index.airs(AIRING, "z") is None


def test_what_was_delivered_under_another_request_id_is_found_by_what_it_airs(
    index: SheetIndex,
) -> None:
    index.add(0, [row(2, new=False)])
    index.add(1, [row(9)])
    assert index.has_new
    assert index.airs(AIRING, "y") == (1, 9)
    assert index.airs(AIRING, "x") is None
    assert index.airs(OTHER, "y") is None


@pytest.mark.parametrize(
    ("other", "both"),
    [
        (row(3, "y", airing=OTHER, new=False), True),
        (row(3, "y", airing=None, new=False), False),
        (row(3, "y", airing=OTHER), False),
        (row(3, "y", offset=1, airing=OTHER, new=False), False),
    ],
    ids=["left", "not-sent", "corrected", "another-record"],
)
def test_a_record_that_is_left_and_corrected_at_once_is_told(
    index: SheetIndex, other: SheetRow, *, both: bool
) -> None:
    index.add(0, [row(2), other])
    assert index.left_and_new() == (((0, 2), (0, 3)) if both else None)
