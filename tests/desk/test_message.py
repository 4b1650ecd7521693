from pathlib import Path

from connectors.desk import MEANINGS, TO_DO
from connectors.desk.message import Message, message
from connectors.ledger import closing
from connectors.ledger.files import sha256_of
from tests.desk.letters import letter, night, receipt, record
from tests.ledger.ledgers import Ledgers


def told(ledgers: Ledgers) -> Message:
    found = ledgers.ledgers()
    with closing(found) as index:
        return message(found, index.open_letters())


def test_a_message_counts_explains_and_names_the_digests(tmp_path: Path) -> None:
    ledgers = night(tmp_path, letter(0), letter(1), letter(2, "rejected"), receipt(7))
    found = told(ledgers)
    assert found.title == "Avstar: 3 spots of day need the traffic desk"
    folder = ledgers.ledgers()[0].folder
    for words in (
        "3 of 4 records were not delivered.",
        f"2: {MEANINGS['schema']}\n   stations: KABC 2\n   first: line 1 of day: why\n",
        f"1: {MEANINGS['rejected']}",
        f"to do: {TO_DO['rejected']}",
        f"{sha256_of(folder / 'manifest.json')}  {folder.name}",
    ):
        assert words in found.body


def test_many_exports_are_not_all_in_the_title(tmp_path: Path) -> None:
    ledgers = Ledgers(tmp_path)
    for number in range(5):
        ledgers.seal(f"day{number}", letter(number))
    assert told(ledgers).title.endswith("of day0, day1, day2 and 2 more need the traffic desk")


def test_what_stands_in_a_record_breaks_no_line_and_steers_no_terminal(tmp_path: Path) -> None:
    evil = letter(0, raw=record(StationCode="K\x1b[2J\nX"), detail="a\r\nb" + "x" * 999)
    body = told(night(tmp_path, evil)).body
    assert "K [2J X 1" in body
    assert "first: line 1 of day: a  bxxx" in body
    assert max(map(len, body.splitlines())) < 250
