"""Whatever crashes, and whenever: each record stands in the ledger once."""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ledger.book import Book, BookState
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Tally

KINDS = ("accepted", "duplicate", "rejected", "schema", "skipped")


class Life(NamedTuple):
    """One process: batches that it commits, batches that it only writes, and what tears off."""

    committed: int
    written: int
    torn: bytes


batches = st.lists(st.lists(st.sampled_from(KINDS), max_size=4), min_size=1, max_size=8)
lives = st.lists(
    st.builds(Life, st.integers(0, 3), st.integers(0, 3), st.binary(max_size=9)), max_size=5
)


def entries(kinds: list[str], first: int, key: str) -> list:
    span = Span(key, "ab" * 32, "lane-0", first, first + len(kinds), first + len(kinds) + 1)
    receipts, letters = [], []
    for number, kind in enumerate(kinds, first + 1):
        if kind in {"accepted", "duplicate"}:
            row = (f"SP{number}", "K", "t", "f" * 32, kind, 201, 1, "now")
            receipts.append(Receipt(number, number, *row))
        elif kind != "skipped":
            letters.append(DeadLetter(number, number, kind, "", None, False, None, 0, b"raw"))
    skipped, bad = kinds.count("skipped"), kinds.count("schema")
    tally = Tally(span, len(kinds), len(kinds) - skipped - bad, skipped)
    return [Batch(span, letters), tally, Batch(span, receipts)]


@settings(deadline=None, max_examples=40)
@given(batches, lives)
def test_each_record_stands_in_the_ledger_once(
    all_kinds: list[list[str]], past: list[Life]
) -> None:
    flat = [kind for kinds in all_kinds for kind in kinds]
    export = Export(Path("day"), "ndjson", "ab" * 32, len(flat), len(flat), (Split(0, 9, 1),))
    firsts = [sum(map(len, all_kinds[:i])) for i in range(len(all_kinds))]
    todo = [
        entries(kinds, first, export.key) for kinds, first in zip(all_kinds, firsts, strict=True)
    ]

    with TemporaryDirectory() as place:
        folder = Path(place) / export.key

        def open_book(state: BookState | None) -> Book:
            return Book(folder, export, state, mode="upload", stations=None)

        state, done = None, 0
        for life in past:
            book = open_book(state)
            for batch in todo[done : done + life.committed]:
                for entry in batch:
                    book.add(entry)
                state, done = book.commit(), done + 1
            for entry in (entry for batch in todo[done : done + life.written] for entry in batch):
                book.add(entry)
            book.close()
            for name in ("receipts.ndjson", "dead-letters.ndjson"):
                with (folder / name).open("ab") as file:
                    file.write(life.torn)

        book = open_book(state)
        for entry in (entry for batch in todo[done:] for entry in batch):
            book.add(entry)
        assert book.is_complete
        manifest = book.seal()

        rows = {
            name: [json.loads(row) for row in (folder / name).read_bytes().splitlines()]
            for name in ("receipts.ndjson", "dead-letters.ndjson")
        }
        digest = hashlib.sha256((folder / "receipts.ndjson").read_bytes()).hexdigest()

    numbered = list(enumerate(flat, 1))
    assert [(row["line"], row["outcome"]) for row in rows["receipts.ndjson"]] == [
        (line, kind) for line, kind in numbered if kind in {"accepted", "duplicate"}
    ]
    assert [(row["line"], row["reason"]) for row in rows["dead-letters.ndjson"]] == [
        (line, kind) for line, kind in numbered if kind in {"rejected", "schema"}
    ]
    assert manifest.reconciled
    assert (manifest.total_records, manifest.skipped) == (len(flat), flat.count("skipped"))
    assert (manifest.failed, manifest.rejected_records) == (
        flat.count("rejected"),
        flat.count("schema"),
    )
    assert manifest.receipts_sha256 == digest
