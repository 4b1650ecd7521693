from dataclasses import replace
from pathlib import Path

import pytest

from connectors.ledger import Checkpoint, loss, read_checkpoint
from connectors.ledger.book import Book
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Tally

EXPORT = Export(Path("/in/day.ndjson"), "ndjson", "ab" * 32, 400, 4, (Split(0, 400, 1),))
SPAN = Span(EXPORT.key, EXPORT.checksum, "lane-0", 0, 200, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger of a receipt and a dead letter, committed, with a torn row behind."""
    book = Book(
        tmp_path, EXPORT, None, mode="upload", stations=None, api_url="http://a", efforts=False
    )
    book.add(Tally(SPAN, 2, 1, 0))
    receipt = Receipt(1, 0, "SP1", "K", "t", "f" * 32, "accepted", 201, 1, "now", 30, "A", b"{}")
    book.add(Batch(SPAN, [receipt]))
    book.add(Batch(SPAN, [DeadLetter(2, 9, "schema", "", None, False, None, 0, b"raw")]))
    book.commit()
    book.close()
    for name in ("receipts.ndjson", "dead-letters.ndjson"):
        with (tmp_path / name).open("ab") as file:
            file.write(b'{"torn": ')
    return tmp_path


@pytest.fixture
def checkpoint(folder: Path) -> Checkpoint:
    found = read_checkpoint(folder)
    assert found
    return found


def test_a_ledger_that_holds_what_its_checkpoint_says_lost_nothing(
    folder: Path, checkpoint: Checkpoint
) -> None:
    assert loss(folder, EXPORT, checkpoint) is None
    assert loss(folder, EXPORT, None) is None


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", ["receipts.ndjson", "dead-letters.ndjson"])
def test_a_file_that_is_gone_is_named(
    folder: Path, checkpoint: Checkpoint, name: str, *, known: bool
) -> None:
    (folder / name).unlink()
    assert loss(folder, EXPORT, checkpoint if known else None) == f"{folder / name} is gone"


@pytest.mark.parametrize("name", ["receipts.ndjson", "dead-letters.ndjson"])
def test_a_file_that_is_shorter_is_named_with_both_lengths(
    folder: Path, checkpoint: Checkpoint, name: str
) -> None:
    (folder / name).write_bytes(b"123")
    found = loss(folder, EXPORT, checkpoint)
    assert found
    assert found.startswith(f"{folder / name} has 3 of the ")
    assert found.endswith(" bytes that .checkpoint knows")


@pytest.mark.parametrize("name", ["receipts", "dead_letters"])
def test_a_length_at_which_no_row_ends_is_not_believed(
    folder: Path, checkpoint: Checkpoint, name: str
) -> None:
    found = loss(folder, EXPORT, replace(checkpoint, **{f"{name}_bytes": 17}))
    path = folder / f"{name.replace('_', '-')}.ndjson"
    assert found == f"{path} has no row that ends at byte 17, as .checkpoint says"


def test_the_checkpoint_of_another_export_is_none_of_this_ledger(
    folder: Path, checkpoint: Checkpoint
) -> None:
    found = loss(folder, EXPORT, replace(checkpoint, checksum="cd" * 32))
    assert found == f"{folder / '.checkpoint'} is that of another export"
