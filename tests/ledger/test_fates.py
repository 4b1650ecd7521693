"""What became of records that rows of a sheet come from, in ledgers written by what writes them."""

from pathlib import Path

import pytest

from connectors.ledger.fates import delivered, fate, sent_to
from connectors.records import Ancestor
from tests.ledger.ledgers import Ledgers
from tests.ledger.test_closing import ID, letter, receipt


@pytest.fixture
def night(tmp_path: Path) -> Ledgers:
    return Ledgers(tmp_path)


def test_the_same_request_is_no_other_fate_and_another_is(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    night.seal("one", receipt(3, "d" * 32, Ancestor(day, 1, 0, ID)), ancestors=[day])
    assert fate(night.folder, [((day, 0), "d" * 32)], set()) is None
    found = fate(night.folder, [((day, 0), "e" * 32)], set())
    assert found
    assert (found.record, found.delivered) == ((day, 0), True)
    assert fate(night.folder, [((day, 0), "e" * 32)], {found.ledger.name}) is None


def test_two_rows_made_of_one_record_may_both_be_what_was_delivered(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    night.seal("one", receipt(3, "d" * 32, Ancestor(day, 1, 0, ID)), ancestors=[day])
    assert fate(night.folder, [((day, 0), "e" * 32), ((day, 0), "d" * 32)], set()) is None


def test_what_failed_once_more_has_no_other_fate(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    night.seal("again", letter(0, ancestor=Ancestor(day, 1, 0, ID)), ancestors=[day])
    assert fate(night.folder, [((day, 0), "e" * 32)], set()) is None


def test_what_was_corrected_once_more_is_found_behind_the_first_correction(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    first = letter(3, "rejected", "d" * 32, Ancestor(day, 1, 0, ID))
    one = night.seal("one", first, ancestors=[day])
    night.seal("two", receipt(4, "e" * 32, Ancestor(one, 1, 3, "d" * 32)), ancestors=[one])
    found = fate(night.folder, [((day, 0), "d" * 32)], set())
    assert found
    assert (found.record, found.ledger.name.startswith("two")) == ((day, 0), True)


def test_what_was_delivered_is_told_of_the_exports_that_are_named_and_of_all_sheets(
    night: Ledgers,
) -> None:
    day = night.seal("day", letter(0), receipt(1))
    night.seal("other", receipt(2, "e" * 32))
    night.seal("one", receipt(3, "d" * 32, Ancestor(day, 1, 0, ID)), ancestors=[day])
    found = list(delivered(night.folder, [day], set()))
    assert [(one.ledger.name.partition(".")[0], one.request_id) for one in found] == [
        ("day", ID),
        ("one", "d" * 32),
    ]
    assert found[0].airing == ("SP1", "KABC", "2026-11-24T05:30:00Z")
    assert not list(delivered(night.folder, [day], {one.ledger.name for one in found}))


def test_an_export_is_known_by_the_api_that_it_was_sent_to(night: Ledgers) -> None:
    day = night.seal("day", letter(0))
    night.seal("other", letter(0))
    [(folder, url)] = sent_to(night.folder, [day])
    assert (folder.name.partition(".")[0], url) == ("day", "http://127.0.0.1")
