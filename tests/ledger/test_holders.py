import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import HaltedError
from connectors.ledger.conflicts import Holder, content_digest, raw_digest
from connectors.ledger.holders import INDEX, Holders
from connectors.ledger.row_files import RowFiles
from connectors.records import DeadLetter, Receipt

ID, OTHER = "f" * 32, "0" * 32
SAME = content_digest(30, "Acme")


def receipt(line: int, request_id: str = ID, outcome: str = "accepted") -> Receipt:
    return Receipt(
        line, line, "SP1", "K", "t", request_id, outcome, 201, 1, "now", 30, "Acme", b"raw"
    )


def letter(line: int, reason: str, raw: bytes, request_id: str | None = ID) -> DeadLetter:
    redrivable = reason in {"circuit_open", "retries_exhausted"}
    return DeadLetter(line, line, reason, "why", None, redrivable, request_id, 1, raw)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[RowFiles]:
    files = RowFiles(tmp_path, None)
    yield files
    files.close()


@pytest.fixture
def holders(files: RowFiles) -> Iterator[Holders]:
    holders = Holders(files.receipts, files.dead_letters)
    yield holders
    holders.close()


def write(files: RowFiles, *records: Receipt | DeadLetter) -> None:
    files.write(records)
    files.flush()


def test_it_knows_the_rows_that_it_has_read(files: RowFiles, holders: Holders) -> None:
    write(files, receipt(1), receipt(2, OTHER), receipt(3, outcome="duplicate"))
    assert holders.of(ID) == []
    holders.catch_up()
    assert holders.of(ID) == [Holder(1, "accepted", SAME), Holder(3, "duplicate", SAME)]
    assert holders.of(OTHER) == [Holder(2, "accepted", SAME)]
    assert holders.of("a" * 32) == []


def test_it_goes_on_reading_where_it_stood(files: RowFiles, holders: Holders) -> None:
    for line in range(1, 50):
        write(files, receipt(line), letter(100 + line, "circuit_open", b"raw"))
        holders.catch_up()
        holders.catch_up()
    assert [holder.line for holder in holders.of(ID)] == [*range(1, 50), *range(101, 150)]


@pytest.mark.parametrize("raw", [b"{}", "Café".encode(), b"Caf\xe9", b"\xff\r", b"{}\r"])
@pytest.mark.parametrize("reason", ["circuit_open", "retries_exhausted"])
def test_a_dead_letter_that_avstar_may_have_is_known_by_its_bytes(
    files: RowFiles, holders: Holders, raw: bytes, reason: str
) -> None:
    write(files, letter(1, reason, raw))
    holders.catch_up()
    assert holders.of(ID) == [Holder(1, "redrivable", raw_digest(raw))]


def test_a_row_that_lost_its_request_id_is_known(files: RowFiles, holders: Holders) -> None:
    write(files, letter(1, "conflicting_duplicate", b"{}"))
    holders.catch_up()
    assert holders.of(ID) == [Holder(1, "conflicting", raw_digest(b"{}"))]


def test_a_dead_letter_that_avstar_has_not_is_no_holder(files: RowFiles, holders: Holders) -> None:
    write(files, letter(1, "rejected", b"{}"), letter(2, "schema", b"{}", None))
    holders.catch_up()
    assert holders.of(ID) == []


def test_what_it_has_read_it_reads_no_more(files: RowFiles, holders: Holders) -> None:
    write(files, receipt(1))
    holders.catch_up()
    size = files.receipts.stat().st_size
    with files.receipts.open("r+b") as file:
        file.write(b"\0" * size)
    write(files, receipt(2))
    holders.catch_up()
    assert [holder.line for holder in holders.of(ID)] == [1, 2]


def test_a_row_can_be_told_before_it_is_written_and_is_then_no_other(
    files: RowFiles, holders: Holders
) -> None:
    holders.add(ID, Holder(1, "duplicate", SAME))
    assert holders.of(ID) == [Holder(1, "duplicate", SAME)]
    write(files, receipt(1, outcome="duplicate"))
    holders.catch_up()
    assert holders.of(ID) == [Holder(1, "duplicate", SAME)]


def test_its_file_has_no_name(files: RowFiles, tmp_path: Path) -> None:
    holders = Holders(files.receipts, files.dead_letters)
    assert not (tmp_path / INDEX).exists()
    holders.close()


def test_its_file_lies_in_the_ledger_and_not_in_memory(files: RowFiles, holders: Holders) -> None:
    handles = list(Path("/proc/self/fd").iterdir())
    opened = {str(handle.readlink()) for handle in handles if handle.is_symlink()}
    assert f"{files.receipts.parent / INDEX} (deleted)" in opened


def test_without_room_the_run_halts_with_the_way_out(files: RowFiles, holders: Holders) -> None:
    holders._database.execute("PRAGMA max_page_count = 3")
    write(files, *(receipt(line, f"{line:032x}") for line in range(5_000)))
    with pytest.raises(
        HaltedError, match=f"{files.receipts.parent} cannot be written: .*disk is full; mend that"
    ):
        holders.catch_up()


@pytest.mark.parametrize("row", [b'{"line": 1, "offs\x00', b'{"line": 2}', b"[]"])
def test_a_row_that_is_damaged_halts_the_run_with_its_place(
    row: bytes, files: RowFiles, holders: Holders
) -> None:
    write(files, receipt(1))
    place = files.receipts.stat().st_size
    with files.receipts.open("ab") as file:
        file.write(row + b"\n")
    with pytest.raises(HaltedError, match=f"damaged in the row at byte {place}; put back the one"):
        holders.catch_up()


def test_a_folder_that_cannot_be_written_halts_the_run_too(tmp_path: Path) -> None:
    missing = tmp_path / "gone"
    with pytest.raises(HaltedError, match=f"{missing} cannot be written"):
        Holders(missing / "receipts.ndjson", missing / "dead-letters.ndjson")


def test_it_is_closed_at_the_end(files: RowFiles) -> None:
    holders = Holders(files.receipts, files.dead_letters)
    holders.close()
    with pytest.raises(HaltedError) as halted:
        holders.of(ID)
    assert isinstance(halted.value.__cause__, sqlite3.ProgrammingError)


GROWTH = """
import re, sys
from pathlib import Path
from connectors.ledger.holders import Holders

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

holders = Holders(Path(sys.argv[1]), Path(sys.argv[2]))
holders.catch_up()
before = peak()
with open(sys.argv[1], "ab") as receipts:
    row = Path(sys.argv[1]).read_bytes().splitlines()[0]
    for number in range(300_000):
        receipts.write(row.replace(b"f" * 32, b"%032x" % (number * 0x9E3779B97F4A7C15 % 2**128)))
        receipts.write(b"\\n")
holders.catch_up()
assert len(holders.of("%032x" % 0x9E3779B97F4A7C15)) == 1
print((peak() - before) // 1024)
"""


def test_its_memory_does_not_grow_with_the_ledger(files: RowFiles) -> None:
    write(files, receipt(1))
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(files.receipts), str(files.dead_letters)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    megabytes = files.receipts.stat().st_size >> 20
    assert megabytes > 40
    assert int(done.stdout) < 16
