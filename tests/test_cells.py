import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.cells import is_same, restored, written

FORMULAS = ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "|calc", "＝1", "%0A"]
VALUES = [
    "00123", "1E5", "12e4567", "1-2", "1/2", "5:30", "5:30 PM", "50%", "1.50", "1,5", "$5",
    "12345678901234567890", "MAR1", "1-Mar", "10 May", "June", "True", "FALSE",
    "2026-11-24", "2026-11-24T05:30:00", "11/24/2026 5:30",
]  # fmt: skip
TEXTS = [
    "", "0", "30", "1234567890", "SP0001", "KABC", "Acme Motors", "Łódź Meble Sp. z o.o.",
    "2026-11-24T05:30:00Z", "2026-11-24T05:30:00-05:00", "100% Juice Co.", "Acme 5", "東京堂書店",
]  # fmt: skip

anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
alike = st.text("'=0123456789.,:/-+eET AMPmarch%$\n", max_size=10)


@pytest.mark.parametrize("text", [*FORMULAS, *VALUES, "'quoted", "'=1"])
def test_what_a_spreadsheet_would_run_or_rewrite_is_marked(text: str) -> None:
    assert written(text) == f"'{text}"


@pytest.mark.parametrize("text", TEXTS)
def test_what_it_shows_as_it_is_stays_bare(text: str) -> None:
    assert written(text) == text


@given(anything | alike)
@example("'")
@example("''=")
def test_the_text_comes_back_exactly(text: str) -> None:
    assert restored(written(text)) == text


@given(anything | alike)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert written(text).lstrip()[:1] not in set("=+-@|%＝＋－＠")


@given(st.lists(anything | alike, min_size=1))
def test_cells_survive_a_csv(texts: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(written, texts))
    file.seek(0)
    [row] = csv.reader(file)
    assert list(map(restored, row)) == texts


@pytest.mark.parametrize("typed", ["'tis the season", "'", "'n Sync"])
def test_an_apostrophe_that_somebody_typed_is_kept(typed: str) -> None:
    assert restored(typed) == typed


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'00123", "00123"),
        ("00123", "00123"),
        ("a\nb", "a\r\nb"),
        ("a\r\nb", "a\nb"),
        ("␀a", "\0a"),
    ],
)
def test_a_cell_is_the_same_without_its_mark_and_with_other_line_ends(cell: str, text: str) -> None:
    assert is_same(cell, text)


@pytest.mark.parametrize(("cell", "text"), [("123", "00123"), ("a", "b"), ("", "0"), ("a ", "a")])
def test_any_other_cell_is_another(cell: str, text: str) -> None:
    assert not is_same(cell, text)
