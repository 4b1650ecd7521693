import json
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import HaltedError
from connectors.ledger.row_files import RowFiles, Sizes
from connectors.ledger.rows import to_rows
from connectors.records import DeadLetter, Receipt


def receipt(line: int) -> Receipt:
    return Receipt(
        line, line, "SP1", "K", "t", "f" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw"
    )


def letter(line: int) -> DeadLetter:
    return DeadLetter(line, line, "schema", "why", None, False, None, 0, b"raw")


def lines(path: Path) -> list[int]:
    return [json.loads(row)["line"] for row in path.read_bytes().splitlines()]


def test_each_record_is_a_row_of_its_file_in_the_order_given(tmp_path: Path) -> None:
    files = RowFiles(tmp_path / "new" / "ledger", None)
    files.write([receipt(3), letter(1), receipt(2)])
    files.write([])
    files.write([letter(4)])
    files.close()
    assert (lines(files.receipts), lines(files.dead_letters)) == ([3, 2], [1, 4])
    assert files.receipts.read_bytes() == to_rows([receipt(3)]) + to_rows([receipt(2)])


@pytest.mark.parametrize(
    "wrong", [letter(2)._replace(detail="\ud800"), receipt(2)._replace(spot_id="\ud800"), "a row"]
)
def test_where_one_cannot_be_written_none_is(tmp_path: Path, wrong: Any) -> None:
    files = RowFiles(tmp_path, None)
    with pytest.raises((UnicodeEncodeError, AttributeError)):
        files.write([receipt(1), letter(1), wrong])
    files.close()

    assert (lines(files.receipts), lines(files.dead_letters)) == ([], [])


def test_what_was_flushed_can_be_read_by_others(tmp_path: Path) -> None:
    files = RowFiles(tmp_path, None)
    files.write([receipt(1), letter(2)])
    files.flush()
    assert (lines(files.receipts), lines(files.dead_letters)) == ([1], [2])
    files.close()


def test_the_sizes_are_those_of_the_files(tmp_path: Path) -> None:
    files = RowFiles(tmp_path, None)
    assert files.sync() == (0, 0)
    files.write([receipt(1), letter(2)])
    assert files.sync() == (files.receipts.stat().st_size, files.dead_letters.stat().st_size)
    files.close()


def test_files_are_cut_back_to_the_sizes_and_go_on_there(tmp_path: Path) -> None:
    files = RowFiles(tmp_path, None)
    files.write([receipt(1), letter(2)])
    sizes = files.sync()
    files.write([receipt(3), letter(4)])
    files.seal()
    files = RowFiles(tmp_path, sizes)
    files.write([receipt(5), letter(6)])
    files.close()
    assert (lines(files.receipts), lines(files.dead_letters)) == ([1, 5], [2, 6])


def test_sealed_files_can_only_be_read(tmp_path: Path) -> None:
    files = RowFiles(tmp_path, None)
    files.seal()
    for path in (files.receipts, files.dead_letters):
        assert path.stat().st_mode & 0o777 == 0o444


def test_files_that_lost_rows_are_refused_as_they_are(tmp_path: Path) -> None:
    files = RowFiles(tmp_path, None)
    files.write([receipt(1), letter(2)])
    found = files.sync()
    files.close()
    with pytest.raises(HaltedError, match=f"dead-letters.ndjson has {found.dead_letters} bytes"):
        RowFiles(tmp_path, Sizes(0, found.dead_letters + 1))
    assert (lines(files.receipts), lines(files.dead_letters)) == ([1], [2])
