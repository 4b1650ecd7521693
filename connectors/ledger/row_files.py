"""The two files that a ledger's rows stand in, as the one who writes them has them open."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.errors import HaltedError
from connectors.ledger.files import READ_ONLY
from connectors.ledger.rows import to_rows
from connectors.records import DeadLetter, Receipt

RECEIPTS = "receipts.ndjson"
DEAD_LETTERS = "dead-letters.ndjson"


class Sizes(NamedTuple):
    """Bytes of both files that hold good."""

    receipts: int
    dead_letters: int


class RowFiles:
    """Receipts and dead letters of one ledger, open to write.

    With `sizes` both are cut back to them; without, both begin anew.

    Raises:
        HaltedError: A file has less than it should; both are as they were.
    """

    def __init__(self, folder: Path, sizes: Sizes | None) -> None:
        self.receipts = folder / RECEIPTS
        self.dead_letters = folder / DEAD_LETTERS
        if sizes:
            _refuse_loss(self.receipts, sizes.receipts)
            _refuse_loss(self.dead_letters, sizes.dead_letters)
        folder.mkdir(parents=True, exist_ok=True)
        self._receipts = _open(self.receipts, sizes and sizes.receipts)
        self._dead_letters = _open(self.dead_letters, sizes and sizes.dead_letters)

    def write(self, records: Sequence[Receipt | DeadLetter]) -> None:
        """Write records, each as a row of its file; none if one of them cannot be written."""
        receipts = to_rows(one for one in records if isinstance(one, Receipt))
        dead_letters = to_rows(one for one in records if not isinstance(one, Receipt))
        self._receipts.write(receipts)
        self._dead_letters.write(dead_letters)

    def flush(self) -> Sizes:
        """Let whoever reads the files see all that was written, and say how much it is."""
        return Sizes(_flush(self._receipts), _flush(self._dead_letters))

    def sync(self) -> Sizes:
        """Make all that was written survive a power cut, and say how much it is."""
        return Sizes(_sync(self._receipts), _sync(self._dead_letters))

    def close(self) -> None:
        """Close both."""
        self._receipts.close()
        self._dead_letters.close()

    def seal(self) -> None:
        """Close both for good: they can only be read."""
        self.close()
        for path in (self.receipts, self.dead_letters):
            path.chmod(READ_ONLY)


def _open(path: Path, size: int | None) -> BinaryIO:
    if size is None:
        path.unlink(missing_ok=True)
        return path.open("xb")
    path.chmod(0o644)
    file = path.open("r+b")
    file.truncate(size)
    file.seek(size)
    return file


def _refuse_loss(path: Path, size: int) -> None:
    found = path.stat().st_size if path.exists() else 0
    if found < size:
        raise HaltedError(
            f"{path} has {found} bytes, but the state folder knows of {size}: part of the "
            "ledger is lost; put it back, or remove the state folder to begin anew (what "
            "was delivered is then counted as duplicate, and nothing is scheduled twice)"
        )


def _flush(file: BinaryIO) -> int:
    file.flush()
    return file.tell()


def _sync(file: BinaryIO) -> int:
    size = _flush(file)
    os.fsync(file.fileno())
    return size
