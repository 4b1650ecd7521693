from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.strays import Moved, strays
from connectors.cells import written
from connectors.records import COLUMNS, Ancestor
from connectors.sheet import Past, original_of

Row = dict[str, str]
Change = Callable[[list[Row]], object]


def rows_of(count: int) -> list[Row]:
    return [
        {
            "SpotID": f"00{number}",
            "StationCode": ("KABC", "WGBH")[number % 2],
            "AirDateTime": f"2026-11-24T05:{number % 60:02}:00-05:00",
            "Duration": ("15", "30", "60")[number % 3],
            "ClientName": f"Acme {number % 7}",
        }
        for number in range(count)
    ]


def moved(rows: Sequence[Row], change: Change, kind: str = "rejected") -> Moved | None:
    """Change a copy of what went out, and look."""
    back = [dict(row) for row in rows]
    change(back)
    with strays() as looking:
        for number, (cells, row) in enumerate(zip(back, rows, strict=True)):
            past = Past(Ancestor("ab" * 32, number, number, None), kind, original_of(row))
            looking.add(number + 2, {n: written(v) for n, v in cells.items()}, past)
        return looking.moved()


def sort_alone(name: str, *, down: bool = False) -> Change:
    def change(rows: list[Row]) -> None:
        values = sorted((row[name] for row in rows), reverse=down)
        for row, value in zip(rows, values, strict=True):
            row[name] = value

    return change


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("count", [2, 3, 40])
def test_a_column_that_was_sorted_alone_is_found_whichever_it_is(name: str, count: int) -> None:
    rows = rows_of(count)
    down = [row[name] for row in rows] == sorted(row[name] for row in rows)
    found = moved(rows, sort_alone(name, down=down))
    if len({row[name] for row in rows}) > 1:
        assert found
        assert found.column == name
        assert 2 <= found.rows <= count
        assert 2 <= found.lines[0] <= found.lines[-1] <= count + 1


def test_all_five_sorted_without_what_the_rows_are_known_by_are_found() -> None:
    rows = rows_of(20)
    found = moved(rows, lambda back: back.reverse())
    assert found
    assert found.column == "SpotID"
    assert (found.rows, found.lines) == (20, [2, 3, 4, 5, 6])


def test_a_cell_that_pushed_the_others_down_is_found() -> None:
    def push(back: list[Row]) -> None:
        for row, above in reversed(list(zip(back[1:], back, strict=False))):
            row["SpotID"] = above["SpotID"]
        back[0]["SpotID"] = "new"

    assert moved(rows_of(9), push)


def test_corrections_beside_it_do_not_hide_it() -> None:
    def change(back: list[Row]) -> None:
        sort_alone("SpotID", down=True)(back)
        for row in back[::5]:
            row["SpotID"] += "9"

    assert moved(rows_of(30), change)


def test_rows_that_were_no_record_take_part() -> None:
    rows = [*rows_of(6), *[dict.fromkeys(COLUMNS, "")] * 3]
    found = moved(rows, sort_alone("SpotID"))
    assert found


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: None,
        lambda rows: [row.update(StationCode="KABC") for row in rows],
        lambda rows: [row.update(Duration={"15": "30", "30": "60"}.get(row["Duration"], "60"))
                      for row in rows],
        lambda rows: [row.update(ClientName=row["ClientName"] + " Inc.") for row in rows],
        lambda rows: rows[3].update(SpotID=rows[5]["SpotID"]),
        lambda rows: [row.update(AirDateTime="2026-11-25T05:30:00Z") for row in rows],
    ],
    ids=["none", "one-station", "chain", "each", "copied", "one-time"],
)  # fmt: skip
def test_what_is_corrected_by_hand_is_no_stray(change: Change) -> None:
    assert moved(rows_of(30), change) is None


@given(st.permutations(range(12)), st.sampled_from(COLUMNS))
def test_any_other_order_of_a_column_is_found(order: list[int], name: str) -> None:
    rows = rows_of(12)

    def change(back: list[Row]) -> None:
        for row, number in zip(back, order, strict=True):
            row[name] = rows[number][name]

    same = all(rows[number][name] == row[name] for number, row in zip(order, rows, strict=True))
    assert (moved(rows, change) is None) == same
