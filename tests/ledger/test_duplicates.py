import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.ledger.duplicates import Duplicates
from connectors.ledger.holders import INDEX
from connectors.ledger.row_files import RowFiles
from connectors.records import DeadLetter, Receipt

ID = "f" * 32


def receipt(line: int, duration: int = 30, outcome: str = "duplicate", **changes: str) -> Receipt:
    row = Receipt(
        line, line, "SP1", "K", "t", ID, outcome, 409, 1, "now", duration, "Acme", b"%d" % duration
    )
    return row._replace(**changes)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[RowFiles]:
    files = RowFiles(tmp_path, None)
    yield files
    files.close()


@pytest.fixture
def duplicates(files: RowFiles) -> Iterator[Duplicates]:
    duplicates = Duplicates(files.receipts, files.dead_letters)
    yield duplicates
    duplicates.close()


def write(files: RowFiles, *records: Receipt | DeadLetter) -> None:
    files.write(records)
    files.flush()


def judged(duplicates: Duplicates, *receipts: Receipt) -> list[Receipt | DeadLetter]:
    for one in receipts:
        assert duplicates.hold(one)
    return list(duplicates.judged())


def lines(judged: list[Receipt | DeadLetter], kind: type) -> list[int]:
    return [one.line for one in judged if isinstance(one, kind)]


def test_duplicates_are_held_and_nothing_else(duplicates: Duplicates) -> None:
    letter = DeadLetter(1, 1, "rejected", "why", 400, False, ID, 1, b"raw")
    assert not duplicates.hold(letter)
    assert not duplicates.hold(receipt(1, outcome="accepted"))
    assert not duplicates
    assert duplicates.hold(receipt(1))
    assert len(duplicates) == 1


def test_a_lone_duplicate_is_one(duplicates: Duplicates) -> None:
    assert judged(duplicates, receipt(1)) == [receipt(1)]
    assert not duplicates


def test_of_two_rows_the_second_line_is_the_conflict_in_whatever_order_they_come(
    duplicates: Duplicates,
) -> None:
    found = judged(duplicates, receipt(3, 60), receipt(2, 45), receipt(1), receipt(4))
    assert lines(found, Receipt) == [1, 4]
    assert lines(found, DeadLetter) == [2, 3]


def test_what_was_accepted_is_right_whatever_its_line(
    duplicates: Duplicates, files: RowFiles
) -> None:
    write(files, receipt(5, 60, "accepted"))
    found = judged(duplicates, receipt(1), receipt(7, 60))
    assert (lines(found, DeadLetter), lines(found, Receipt)) == ([1], [7])


def test_what_was_judged_before_still_counts(duplicates: Duplicates, files: RowFiles) -> None:
    write(files, *judged(duplicates, receipt(9)))
    assert lines(judged(duplicates, receipt(2, 60)), DeadLetter) == [2]


def test_what_was_written_after_the_last_judgement_counts(
    duplicates: Duplicates, files: RowFiles
) -> None:
    judged(duplicates, receipt(1, request_id="0" * 32))
    write(files, receipt(2, outcome="accepted"))
    assert lines(judged(duplicates, receipt(3, 60)), DeadLetter) == [3]


def test_a_parked_row_that_avstar_may_have_is_not_forgotten(
    duplicates: Duplicates, files: RowFiles
) -> None:
    write(files, DeadLetter(1, 1, "circuit_open", "", 503, True, ID, 1, b"30"))
    found = judged(duplicates, receipt(2, 30), receipt(3, 60))
    assert (lines(found, Receipt), lines(found, DeadLetter)) == ([2], [3])


def test_a_night_without_duplicates_has_no_index(duplicates: Duplicates) -> None:
    duplicates.hold(receipt(1, outcome="accepted"))
    assert duplicates._holders is None


def test_an_index_that_a_kill_left_is_not_looked_at(files: RowFiles, tmp_path: Path) -> None:
    (tmp_path / INDEX).write_bytes(b"SQLite format 3 and what a kill left of it")
    duplicates = Duplicates(files.receipts, files.dead_letters)
    assert not (tmp_path / INDEX).exists()
    assert judged(duplicates, receipt(1)) == [receipt(1)]
    duplicates.close()


def test_a_conflict_stands_in_the_audit_log(
    duplicates: Duplicates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    judged(duplicates, receipt(1), receipt(2, 60))
    [event] = caplog.records
    assert (event.message, event.__dict__["line"]) == ("undelivered", 2)
    assert event.__dict__["reason"] == "conflicting_duplicate"
    assert event.__dict__["request_id"] == ID
