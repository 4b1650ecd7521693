import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.rewritten import is_rewritten


@pytest.mark.parametrize(
    ("was", "cell"),
    [
        ("3-5", "5-Mar"),
        ("3-5", "03/05/2026"),
        ("MAR1", "1-Mar"),
        ("2024-11-24", "11/24/2024"),
        ("5:30", "05:30:00"),
        ("1.50", "1.5"),
        ("1,234", "1234"),
        ("$1,234.00", "1234"),
        ("000", "0"),
        ("00.5", "0.5"),
        ("1e5", "100000"),
        ("+49", "49"),
        ("50%", "50"),
        ("1234567890123456789", "1234567890123450000"),
        ("=1+1", "2"),
        ("@x", "#NAME?"),
        ("20261124", "########"),
    ],
)
def test_what_a_spreadsheet_makes_of_a_text_is_known(was: str, cell: str) -> None:
    assert is_rewritten(cell, was)


@pytest.mark.parametrize(
    ("was", "cell"),
    [
        ("00123", "00124"),
        ("3-5", "4-6"),
        ("MAR1", "MAR2"),
        ("5:30", "6:30"),
        ("1.50", "1.60"),
        ("=1+1", "=1+2"),
        ("=1+1", "Acme"),
        ("-", "Acme"),
        ("1234567890123456789", "1234567890123456788"),
        ("May Day 5", "May Day 6"),
        ("Acme", "Acme 2026"),
        ("", "5-Mar"),
        ("#1", "#2"),
        ("sNaN", "snan"),
        ("9" * 5000 + "-1", "8" * 5000 + "-1"),
    ],
)
def test_a_correction_by_hand_is_none_of_that(was: str, cell: str) -> None:
    assert not is_rewritten(cell, was)


@given(st.text())
def test_a_text_that_stands_as_it_was_is_not_rewritten(text: str) -> None:
    assert not is_rewritten(text, text)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(cell: str, was: str) -> None:
    assert is_rewritten(cell, was) in {True, False}
