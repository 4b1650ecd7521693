from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.conflicts import (
    Holder,
    conflict,
    conflicting,
    content_digest,
    raw_digest,
)
from connectors.records import DeadLetter, Receipt

ID = "f" * 32
RECEIPT = Receipt(9, 900, "SP1", "K", "t", ID, "duplicate", 409, 2, "now", 30, "Acme", b"mine")
SAME, OTHER = content_digest(30, "Acme"), content_digest(60, "Acme")
MINE, THEIRS = raw_digest(b"mine"), raw_digest(b"theirs")


@dataclass(frozen=True)
class Case:
    """Who else holds the request ID, and the line of the one that is in conflict."""

    holders: tuple[Holder, ...]
    line: int | None


CASES = {
    "nobody else": Case((), None),
    "itself, before a crash": Case((Holder(9, "accepted", OTHER),), None),
    "the same row accepted": Case((Holder(1, "accepted", SAME),), None),
    "another row accepted": Case((Holder(1, "accepted", OTHER),), 1),
    "the same row kept": Case((Holder(1, "duplicate", SAME),), None),
    "another row kept": Case((Holder(1, "duplicate", OTHER),), 1),
    "the same row parked": Case((Holder(1, "redrivable", MINE),), None),
    "another row parked": Case((Holder(1, "redrivable", THEIRS),), 1),
    "another row lost before": Case((Holder(1, "conflicting", THEIRS),), None),
    "another row lost against the same row, which may never have arrived": Case(
        (Holder(1, "redrivable", MINE), Holder(5, "conflicting", THEIRS)), 5
    ),
    "what was accepted tells most": Case(
        (Holder(1, "duplicate", OTHER), Holder(5, "accepted", OTHER)), 5
    ),
    "what was accepted is the same, whatever else there is": Case(
        (
            Holder(1, "accepted", SAME),
            Holder(2, "accepted", OTHER),
            Holder(3, "duplicate", OTHER),
            Holder(4, "redrivable", THEIRS),
        ),
        None,
    ),
    "the same row kept, but another one parked": Case(
        (Holder(1, "duplicate", SAME), Holder(5, "redrivable", THEIRS)), 5
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_duplicate_is_in_conflict_if_avstar_may_have_another_row(name: str) -> None:
    case = CASES[name]
    for holders in permutations(case.holders):
        found = conflict(RECEIPT, holders)
        assert (found and found.line) == case.line


@given(st.integers(1), st.text(), st.integers(1), st.text())
def test_contents_have_one_digest_only_if_they_are_the_same(
    one: int, first: str, other: int, second: str
) -> None:
    same = (one, first) == (other, second)
    assert (content_digest(one, first) == content_digest(other, second)) == same


def test_no_text_can_move_from_one_part_of_the_content_to_the_next() -> None:
    assert content_digest(1, '2,"') != content_digest(12, '"')


def test_a_carriage_return_before_the_line_end_is_no_difference() -> None:
    assert raw_digest(b"mine\r") == MINE != THEIRS


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("accepted", "Avstar has the row in line 5, whose content differs"),
        ("duplicate", "Avstar may have the row in line 5, whose content differs"),
        ("redrivable", "Avstar may have the row in line 5, whose content differs"),
    ],
)
def test_the_dead_letter_names_the_other_row_and_keeps_the_bytes(kind: str, words: str) -> None:
    assert conflicting(RECEIPT, Holder(5, kind, OTHER)) == DeadLetter(
        9,
        900,
        "conflicting_duplicate",
        f"under this request ID {words}",
        409,
        False,
        ID,
        2,
        b"mine",
    )
