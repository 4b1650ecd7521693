"""Dead letters through later ledgers, written by what writes ledgers."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import Came, Closing, closing
from connectors.records import Ancestor, DeadLetter, Receipt
from tests.ledger.ledgers import Ledgers

ID = "c" * 32


def raw(duration: int = 30) -> bytes:
    return json.dumps(
        {
            "SpotID": "SP1",
            "StationCode": "KABC",
            "AirDateTime": "2026-11-24T05:30:00Z",
            "Duration": duration,
            "ClientName": "Acme",
        }
    ).encode()


def letter(
    offset: int,
    reason: Any = "retries_exhausted",
    request: str | None = ID,
    ancestor: Ancestor | None = None,
    duration: int = 30,
) -> DeadLetter:
    able = reason in {"retries_exhausted", "circuit_open"}
    return DeadLetter(1, offset, reason, "", None, able, request, 1, raw(duration), ancestor)


def receipt(
    offset: int, request: str = ID, ancestor: Ancestor | None = None, duration: int = 30
) -> Receipt:
    spot = (1, offset, "SP1", "KABC", "2026-11-24T05:30:00Z", request, "accepted", 201, 1, "now")
    return Receipt(*spot, duration, "Acme", raw(duration), ancestor)  # type: ignore[arg-type]


@pytest.fixture
def night(tmp_path: Path) -> Ledgers:
    return Ledgers(tmp_path)


def offsets(index: Closing) -> list[tuple[str, int]]:
    return [(one.ledger.manifest.export, one.letter.offset) for one in index.open_letters()]


def test_what_nothing_came_after_is_open(night: Ledgers) -> None:
    night.seal("day", letter(0), letter(5, "schema", None))
    with closing(night.ledgers()) as index:
        assert offsets(index) == [("day", 0), ("day", 5)]
        assert index.came() == Came(0, 0, 2)
        assert [one.redrivable for one in index.open_letters()] == [True, False]


def test_what_was_delivered_under_its_own_request_id_is_closed(night: Ledgers) -> None:
    day = night.seal("day", letter(0), letter(5, "schema", None))
    again = receipt(0, ancestor=Ancestor(day, 1, 0, ID))
    night.seal("again", again, ancestors=[day])
    with closing(night.ledgers()) as index:
        assert offsets(index) == [("day", 5)]
        assert index.came() == Came(1, 0, 1)


def test_what_failed_again_is_open_where_it_failed_last(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    origin = Ancestor(day, 1, 0, ID)
    night.seal("again", letter(0, "circuit_open", ancestor=origin), ancestors=[day])
    with closing(night.ledgers()) as index:
        assert offsets(index) == [("again", 0)]
        assert index.came() == Came(0, 0, 1)
    night.seal("third", receipt(0, ancestor=origin), ancestors=[day])
    with closing(night.ledgers()) as index:
        assert index.came() == Came(1, 0, 0)


@pytest.mark.parametrize("heir", [receipt(7, "d" * 32), letter(7, "schema", None)])
def test_a_corrected_row_takes_the_place_of_what_it_comes_from(
    night: Ledgers, heir: Receipt | DeadLetter
) -> None:
    day = night.seal("day", letter(0))
    night.seal("mend", heir._replace(ancestor=Ancestor(day, 1, 0, ID)), ancestors=[day])
    with closing(night.ledgers()) as index:
        is_dead = isinstance(heir, DeadLetter)
        assert index.came() == Came(0, 1, int(is_dead))
        assert offsets(index) == [("mend", 7)] * is_dead
        assert list(index.twice()) == []


def test_what_was_delivered_as_it_was_and_corrected_is_twice_however_far_apart(
    night: Ledgers,
) -> None:
    day = night.seal("day", letter(0))
    origin = Ancestor(day, 1, 0, ID)
    mend = night.seal("mend", letter(3, "schema", None, origin), ancestors=[day])
    last = receipt(4, "d" * 32, Ancestor(mend, 1, 3, None))
    night.seal("last", last, ancestors=[mend])
    with closing(night.ledgers()) as index:
        assert list(index.twice()) == []
    night.seal("again", receipt(0, ancestor=origin), ancestors=[day])
    with closing(night.ledgers()) as index:
        [found] = index.twice()
        assert found.first == (day, 0)
        assert index.export_of(found.second[0]) == "last"


def test_two_rows_made_of_one_are_no_double(night: Ledgers) -> None:
    day = night.seal("day", letter(0, "rejected"))
    origin = Ancestor(day, 1, 0, ID)
    halves = [receipt(offset, request * 32, origin) for offset, request in ((0, "d"), (9, "e"))]
    night.seal("mend", *halves, ancestors=[day])
    with closing(night.ledgers()) as index:
        assert list(index.twice()) == []
        assert index.came() == Came(0, 1, 0)


@pytest.mark.parametrize(
    "other",
    [
        receipt(5, duration=60),
        letter(5, "conflicting_duplicate", duration=60),
        letter(5, "circuit_open", duration=60),
    ],
)
def test_a_request_id_that_avstar_may_hold_with_other_content_is_contested(
    night: Ledgers, other: Receipt | DeadLetter
) -> None:
    night.seal("day", letter(0), other)
    with closing(night.ledgers()) as index:
        assert not any(one.redrivable for one in index.open_letters())
        assert next(iter(index.open_letters())).contested


def test_one_that_it_holds_with_the_same_content_is_not(night: Ledgers) -> None:
    night.seal("day", letter(0), receipt(5))
    with closing(night.ledgers()) as index:
        assert [one.redrivable for one in index.open_letters()] == [True]


@pytest.mark.parametrize(("request_id", "doubles"), [("e" * 32, 1), ("d" * 32, 0)])
def test_what_two_sheets_delivered_of_one_is_twice_unless_it_is_the_same_request(
    night: Ledgers, request_id: str, doubles: int
) -> None:
    day = night.seal("day", letter(0, "rejected"))
    origin = Ancestor(day, 1, 0, ID)
    night.seal("one", receipt(3, "d" * 32, origin), ancestors=[day])
    night.seal("two", receipt(4, request_id, origin), ancestors=[day])
    with closing(night.ledgers()) as index:
        assert len(list(index.twice())) == doubles


def test_a_refused_row_is_contested_by_what_avstar_has_and_contests_nothing_itself(
    night: Ledgers,
) -> None:
    night.seal("day", letter(0, "rejected"), receipt(5, duration=60))
    night.seal("next", letter(0, "rejected", "d" * 32), letter(5, request="d" * 32, duration=60))
    with closing(night.ledgers()) as index:
        assert [one.contested for one in index.open_letters()] == [True, True, False]


def test_an_ancestor_that_was_no_dead_letter_is_an_orphan(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    strange = [Ancestor(day, 1, 2, ID), Ancestor(day, 1, 0, ID), Ancestor("e" * 64, 1, 2, ID)]
    rows = [receipt(number, ancestor=one) for number, one in enumerate(strange)]
    night.seal("again", *rows, ancestors=[day, "e" * 64])
    with closing(night.ledgers()) as index:
        assert list(index.orphans()) == [(day, 2)]


def test_what_was_sent_again_under_a_request_id_that_is_not_its_own_is_a_stranger(
    night: Ledgers,
) -> None:
    day = night.seal("day", letter(0), letter(5))
    own, other = Ancestor(day, 1, 0, ID), Ancestor(day, 1, 5, "d" * 32)
    night.seal("again", receipt(0, ancestor=own), receipt(5, "d" * 32, other), ancestors=[day])
    with closing(night.ledgers()) as index:
        assert list(index.strangers()) == [(day, 5)]
