from pathlib import Path

import pytest

from connectors.errors import RefusedError
from connectors.ledger import family, sealed_ledgers
from tests.ledger.ledgers import Ledgers
from tests.ledger.test_closing import letter, receipt


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    return Ledgers(tmp_path)


def test_dead_letters_come_with_where_they_stand_and_can_be_read_there(ledgers: Ledgers) -> None:
    ledgers.seal("day", letter(0), receipt(3), letter(5, "schema", None))
    [sealed] = ledgers.ledgers()
    found = list(sealed.letters())
    assert [one.letter.offset for one in found] == [0, 5]
    with sealed.dead_letters.open("rb") as file:
        for position, one in reversed(found):
            assert sealed.letter_at(file, position) == one
    assert len(sealed.receipts.read_bytes().splitlines()) == 1


def test_one_ledger_is_named_as_well_as_the_folder_around_it(ledgers: Ledgers) -> None:
    ledgers.seal("day", letter(0))
    ledgers.seal("next", letter(0))
    found = ledgers.ledgers()
    assert [one.manifest.export for one in found] == ["day", "next"]
    assert sealed_ledgers(found[1].folder) == found[1:]


def test_what_is_not_sealed_is_none(ledgers: Ledgers) -> None:
    (ledgers.folder / "day.ndjson.0123456789ab").mkdir()
    with pytest.raises(RefusedError, match="holds no sealed ledger"):
        ledgers.ledgers()
    with pytest.raises(RefusedError, match="is not a directory"):
        sealed_ledgers(ledgers.folder / "nowhere")


def test_a_damaged_row_is_refused_with_its_byte(ledgers: Ledgers) -> None:
    ledgers.seal("day", letter(0), letter(5))
    [sealed] = ledgers.ledgers()
    first, second = sealed.dead_letters.read_bytes().splitlines(keepends=True)
    sealed.dead_letters.chmod(0o644)
    sealed.dead_letters.write_bytes(first + b"{" + second)
    with pytest.raises(RefusedError, match=f"is damaged at byte {len(first)}; `avstar verify"):
        list(sealed.letters())


def test_what_was_sent_of_a_ledger_since_is_of_its_family(ledgers: Ledgers) -> None:
    day = ledgers.seal("day", letter(0))
    ledgers.seal("other", letter(0))
    mend = ledgers.seal("mend", letter(0), ancestors=[day])
    ledgers.seal("last", letter(0), ancestors=[mend])
    found = ledgers.ledgers()
    assert [one.manifest.export for one in family(found[:1], found)] == ["day", "mend", "last"]
    assert family(found, found) == found
