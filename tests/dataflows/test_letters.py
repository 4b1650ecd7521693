from pathlib import Path

import pytest

from connectors.desk import groups
from connectors.ledger import Came, closing
from connectors.records import Ancestor
from connectors.trail import trace_of_record
from dataflows.letters import found_lines, group_lines, head_line
from tests.desk.letters import letter, night, record
from tests.ledger.ledgers import Ledgers


def listed(ledgers: Ledgers) -> str:
    with closing(ledgers.ledgers()) as index:
        return "\n".join(line for one in groups(index.open_letters()) for line in group_lines(one))


def shown(ledgers: Ledgers) -> str:
    [sealed] = ledgers.ledgers()
    return "\n".join(line for one in sealed.letters() for line in found_lines(sealed, one.letter))


def test_the_head_says_what_became_of_all() -> None:
    assert head_line(Came(1000, 2, 3)) == (
        "3 dead letters open, of 1,005: 1,000 delivered since, 2 replaced by corrected rows"
    )


def test_a_group_shows_stations_examples_and_what_to_do(tmp_path: Path) -> None:
    rows = [letter(i, raw=record(StationCode=f"K{i % 10}")) for i in range(20)]
    text = listed(night(tmp_path, *rows))
    assert text.startswith("\n      20  schema: a field is missing or wrong\n")
    assert "K0 2, K1 2" in text
    assert " and 2 more stations" in text
    assert "day:1 K0: why\n" in text
    assert text.endswith("to do: correct the field that is named")


def test_what_can_be_sent_again_names_the_command(tmp_path: Path) -> None:
    text = listed(night(tmp_path, letter(0, "circuit_open")))
    assert text.endswith("1 can be sent again: avstar dlq redrive")


def test_a_rejected_row_is_shown_with_the_trace_of_its_record(tmp_path: Path) -> None:
    ledgers = night(tmp_path, letter(4))
    text = shown(ledgers)
    trace = trace_of_record(ledgers.ledgers()[0].manifest.checksum, 4)
    assert f"  trace ID    {trace}\n" in text
    assert "  request ID  none: it never became a spot\n" in text
    assert "    SpotID = 'SP4'\n" in text


@pytest.mark.parametrize("request_id", ["c" * 32, None])
def test_what_it_comes_from_is_told(tmp_path: Path, request_id: str | None) -> None:
    one = letter(4)._replace(ancestor=Ancestor("ab" * 32, 1700, 9, request_id))
    text = shown(night(tmp_path, one))
    assert f"line 1,700 of the export {'ab' * 32}, request ID {request_id or 'none'}" in text


def test_nothing_that_stands_in_a_record_steers_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2J\x07\r"
    ledgers = night(tmp_path, letter(0, raw=record(StationCode=evil) + b"\x07", detail=evil))
    for text in (listed(ledgers), shown(ledgers)):
        assert not set(text) & {"\x1b", "\x07", "\r"}
