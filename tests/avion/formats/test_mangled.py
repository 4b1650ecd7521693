import pytest

from connectors.avion.formats.mangled import refuse_mangled, refuse_part_of_sheet
from connectors.errors import RefusedError
from connectors.records import COLUMNS
from connectors.sheet import ADDED, SEALED

HEADER = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER.replace(",", ";"), "separated by semicolons; save it as CSV with commas"),
        (HEADER.replace(",", '";"'), "separated by semicolons"),
        (HEADER.replace(",", "\t") + "\r", "separated by tabs"),
        (HEADER.replace(",", "|"), "separated by bars"),
        ("“" + HEADER.replace(",", "”,“") + "”", "quotes are typographic"),
        ("«" + HEADER.replace(",", "»,«") + "»", "quotes are typographic"),
    ],
)
def test_what_a_spreadsheet_made_of_a_header_is_named_with_the_mend(
    header: str, words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        refuse_mangled(header.encode())


@pytest.mark.parametrize("header", [HEADER, "a;b", "“a”,b", ""])
def test_any_other_header_is_for_others_to_judge(header: str) -> None:
    refuse_mangled(header.encode())


@pytest.mark.parametrize("lost", SEALED)
def test_a_sheet_that_lost_a_column_by_which_rows_are_known_is_refused(lost: str) -> None:
    with pytest.raises(RefusedError, match=f"lacks {lost}, by which rows are known again"):
        refuse_part_of_sheet([*COLUMNS, *(name for name in ADDED if name != lost)])


def test_whole_sheets_in_any_order_and_exports_that_are_none_pass() -> None:
    refuse_part_of_sheet([*reversed(ADDED), *COLUMNS])
    refuse_part_of_sheet([*SEALED, *COLUMNS])
    refuse_part_of_sheet(COLUMNS)


@pytest.mark.parametrize("left", [name for name in ADDED if name not in SEALED])
def test_a_sheet_with_any_column_of_ours_that_lost_all_by_which_rows_are_known_is_refused(
    left: str,
) -> None:
    with pytest.raises(RefusedError, match="lacks AvstarOrigin, AvstarLine"):
        refuse_part_of_sheet([*COLUMNS, left])
