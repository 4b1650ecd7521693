import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cells import written
from connectors.records import COLUMNS, Ancestor, DeadLetter
from connectors.sheet import (
    ADDED,
    ORIGINAL,
    SEALED,
    Past,
    original_of,
    past_of,
    read_past,
    unfold,
)

FIELDS = dict(
    zip(COLUMNS, ["00123", "KABC", "2026-11-24T05:30:00-05:00", "30", "=Acme"], strict=True)
)
ANCESTOR = Ancestor("ab" * 32, 17, 4200, "c" * 32)

texts = st.text(st.characters(codec="utf-8"), max_size=8)


def row(fields: dict[str, Any] = FIELDS, kind: str = "rejected", **changes: str) -> dict[str, str]:
    past = Past(ANCESTOR, kind, original_of(fields))
    shown = {name: written(str(fields.get(name, ""))) for name in COLUMNS}
    return {**shown, **past.cells(), **changes}


def test_a_row_left_alone_is_known_again() -> None:
    found = unfold(row())
    assert (found.fields, found.left) == (FIELDS, True)
    assert found.past == Past(ANCESTOR, "rejected", original_of(FIELDS))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_corrected_field_takes_the_place_of_the_old_one(name: str) -> None:
    found = unfold(row(**{name: "other"}))
    assert (found.fields, found.left) == ({**FIELDS, name: "other"}, False)
    assert found.past
    assert found.past.ancestor == ANCESTOR


@given(st.fixed_dictionaries(dict.fromkeys(COLUMNS, texts)))
def test_a_field_left_alone_is_exactly_what_it_was_whatever_its_cell_can_show(
    fields: dict[str, str],
) -> None:
    found = unfold(row(fields))
    assert (found.fields, found.left) == (fields, True)


@pytest.mark.parametrize("name", SEALED)
def test_a_changed_cell_by_which_a_row_is_known_breaks_its_seal(name: str) -> None:
    with pytest.raises(ValueError, match=r"fit|int"):
        unfold(row(**{name: "1"}))


def test_the_seal_does_not_mind_what_spreadsheets_do_to_line_ends_and_marks() -> None:
    past = Past(ANCESTOR, "not_csv", 'a,"b\r\nc')
    assert read_past({**past.cells(), ORIGINAL: 'a,"b\nc'}) == past._replace(original='a,"b\nc')


def test_a_row_without_any_of_these_cells_is_a_new_one() -> None:
    found = unfold(row() | dict.fromkeys(ADDED, ""))
    assert (found.past, found.left, found.fields) == (None, False, FIELDS)


def test_the_text_of_what_was_no_record_is_no_field() -> None:
    past = Past(ANCESTOR._replace(request_id=None), "not_json", '{"SpotID": ')
    found = unfold({**dict.fromkeys(COLUMNS, ""), **past.cells()})
    assert (found.past, found.left) == (past, False)
    assert set(found.fields.values()) == {""}


def test_a_field_that_was_missing_may_stay_empty() -> None:
    fields = {name: FIELDS[name] for name in COLUMNS[1:]}
    found = unfold(row(fields))
    assert (found.fields, found.left) == ({**FIELDS, "SpotID": ""}, True)


def test_values_that_are_no_text_are_shown_as_json() -> None:
    assert json.loads(original_of({"SpotID": 1, "Duration": 30, "ClientName": None})) == [
        "1", None, None, "30", "null",
    ]  # fmt: skip


LETTER = DeadLetter(3, 90, "retries_exhausted", "", None, True, "d" * 32, 8, b"raw")


@pytest.mark.parametrize("ancestor", [None, ANCESTOR, ANCESTOR._replace(request_id=None)])
def test_a_row_goes_out_as_what_its_request_id_says_it_is(ancestor: Ancestor | None) -> None:
    own = Ancestor("ef" * 32, 3, 90, "d" * 32)
    assert past_of(LETTER._replace(ancestor=ancestor), "ef" * 32, "[]").ancestor == own


def test_a_row_that_kept_its_request_id_is_its_ancestor_still() -> None:
    letter = LETTER._replace(ancestor=ANCESTOR, request_id=ANCESTOR.request_id)
    assert past_of(letter, "ef" * 32, "[]") == Past(ANCESTOR, "retries_exhausted", "[]")


@pytest.mark.parametrize("name", [name for name in ADDED if name not in SEALED])
def test_a_row_that_lost_what_it_is_known_by_is_not_taken_for_a_new_one(name: str) -> None:
    with pytest.raises(ValueError, match="AvstarSeal"):
        unfold(row() | dict.fromkeys(ADDED, "") | {name: "1"})
