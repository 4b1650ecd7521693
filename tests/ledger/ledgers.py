"""Sealed ledgers one after the other, written by what writes ledgers."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from connectors.ledger import Sealed, sealed_ledgers
from connectors.ledger.book import Book
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Tally


class Ledgers:
    """Ledgers one after the other; a row is its offset, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seal(
        self,
        name: str,
        *rows: Receipt | DeadLetter,
        ancestors: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> str:
        """Seal a ledger of an export and return the checksum of that."""
        checksum = sha256(name.encode()).hexdigest()
        count = len(rows)
        split = (Split(0, 9, 1),)
        export = Export(
            Path(name),
            "csv" if columns else "ndjson",
            checksum,
            9,
            count,
            split,
            tuple(columns),
            ancestors=tuple(ancestors),
        )
        book = Book(
            self.folder / export.key,
            export,
            None,
            mode="upload",
            stations=None,
            api_url="http://127.0.0.1",
            efforts=False,
        )
        span = Span(export.key, checksum, "lane-0", 0, 9, 2)
        valid = sum(row.request_id is not None for row in rows)
        book.add(Tally(span, count, valid, 0))
        book.add(Batch(span, list(rows)))
        book.seal()
        return checksum

    def ledgers(self) -> list[Sealed]:
        return sealed_ledgers(self.folder)
