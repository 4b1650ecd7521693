from pathlib import Path

import pytest

from connectors.ledger import Came
from connectors.ledger.audit.night import Night, night
from connectors.records import Ancestor
from tests.ledger.ledgers import Ledgers
from tests.ledger.test_closing import ID, letter, receipt


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    return Ledgers(tmp_path)


def look(ledgers: Ledgers) -> Night | None:
    return night([one.folder for one in ledgers.ledgers()])


def test_ledgers_that_do_not_follow_on_each_other_are_no_night(ledgers: Ledgers) -> None:
    ledgers.seal("day", letter(0))
    assert look(ledgers) is None


def test_a_night_in_order_says_what_came_of_its_dead_letters(ledgers: Ledgers) -> None:
    day = ledgers.seal("day", letter(0), letter(5, "schema", None))
    ledgers.seal("again", receipt(0, ancestor=Ancestor(day, 1, 0, ID)), ancestors=[day])
    found = look(ledgers)
    assert found
    assert (found.came, list(found.findings)) == (Came(1, 0, 1), [])


@pytest.mark.parametrize(
    ("ancestor", "request_id", "words"),
    [
        ((1, ID), ID, "day, byte 1: is an ancestor, but was no dead letter [ancestor]"),
        ((0, "d" * 32), "d" * 32, "day, byte 0: was sent again under a request ID that is not its"),
    ],
)
def test_what_cannot_be_is_found(
    ledgers: Ledgers, ancestor: tuple[int, str], request_id: str, words: str
) -> None:
    day = ledgers.seal("day", letter(0))
    row = receipt(3, request_id, Ancestor(day, 1, *ancestor))
    ledgers.seal("again", row, ancestors=[day])
    found = look(ledgers)
    assert found
    [finding] = found.findings
    assert finding.startswith(words)


def test_what_was_delivered_in_two_forms_is_found(ledgers: Ledgers) -> None:
    day = ledgers.seal("day", letter(0))
    origin = Ancestor(day, 1, 0, ID)
    ledgers.seal("again", receipt(0, ancestor=origin), ancestors=[day])
    ledgers.seal("mend", receipt(3, "d" * 32, origin), ancestors=[day])
    found = look(ledgers)
    assert found
    [finding] = found.findings
    assert finding == "day, byte 0: was delivered, and in another form as mend, byte 3 [twice]"
