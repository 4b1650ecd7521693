import pytest

from connectors.avion.formats import Malformed, Table

SHORT = Malformed("not_csv", "short")
COLUMNS = ("A", "B")


def test_a_row_is_its_cells_by_column():
    table = Table(COLUMNS, [["1", "2"], SHORT, ["3", "4"]])
    assert list(table) == [{"A": "1", "B": "2"}, SHORT, {"A": "3", "B": "4"}]
    assert len(table) == 3
    assert table[-1] == {"A": "3", "B": "4"}


@pytest.mark.parametrize("rows", [[["1", "2"], ["3", "4"]], [["1", "2"], SHORT, ["3", "4"]]])
def test_a_column_has_a_cell_for_each_row(rows):
    expected = ["" if row is SHORT else row[1] for row in rows]
    assert Table(COLUMNS, rows).column("B") == expected


def test_a_part_of_a_table_is_one():
    part = Table(COLUMNS, [["1", "2"], SHORT, ["3", "4"]])[1:]
    assert list(part) == [SHORT, {"A": "3", "B": "4"}]
    assert part.column("A") == ["", "3"]


def test_of_a_column_that_comes_twice_the_last_counts():
    assert Table(("A", "A"), [["1", "2"]])[0] == {"A": "2"}


def test_an_empty_table_has_no_cells():
    assert Table(COLUMNS, []).column("A") == []
