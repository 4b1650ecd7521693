import pytest

from connectors.avion.common_cells import cell_rows
from connectors.avion.formats import Malformed, Table
from connectors.avion.row import NO_ROW, Row
from connectors.records import COLUMNS

GOOD = ["A", "W", "2026-11-24T05:30:00Z", "30", "Café"]
ROW = Row("A", "W", "2026-11-24T05:30:00Z", 30, "Café")


def with_cell(place, text):
    return [*GOOD[:place], text, *GOOD[place + 1 :]]


def test_a_row_comes_out_as_its_fields():
    assert cell_rows(Table(COLUMNS, [GOOD, GOOD])) == [ROW, ROW]


def test_columns_may_stand_in_any_order_and_others_between_them():
    columns = ("Note", *reversed(COLUMNS), "Note")
    assert cell_rows(Table(columns, [["x", *reversed(GOOD), "y"]])) == [ROW]


@pytest.mark.parametrize(("text", "seconds"), [("1", 1), ("030", 30), ("999999999", 999_999_999)])
def test_digits_are_a_duration(text, seconds):
    assert cell_rows(Table(COLUMNS, [with_cell(3, text)]))[0].duration == seconds


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (0, ""),
        (1, ""),
        (4, ""),
        *((3, text) for text in ("", "0", "000", "-5", "+5", "5.0", " 5", "5\n", "1_0", "٣")),
        (3, "9" * 10),
        (3, "0" * 5000 + "1"),
    ],
)
def test_a_row_in_another_form_spoils_none_beside_it(place, text):
    rows = cell_rows(Table(COLUMNS, [GOOD, with_cell(place, text), GOOD]))
    assert rows[1] is NO_ROW
    assert rows[::2] == [ROW, ROW]


def test_a_malformed_row_has_no_form():
    rows = cell_rows(Table(COLUMNS, [GOOD, Malformed("not_csv", "short")]))
    assert rows == [ROW, NO_ROW]


def test_cells_taken_apart_before_are_left_to_the_model():
    assert cell_rows([dict(zip(COLUMNS, GOOD, strict=True))]) == [NO_ROW]
    assert cell_rows([]) == []
