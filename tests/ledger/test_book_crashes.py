"""Whatever crashes, and whenever: each record stands in the ledger once, as what it is."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.ledger.book import Book, BookState
from connectors.ledger.manifest import Manifest
from tests.ledger.night import FILES, Api, Fate, Row, assert_true_to, entries, export_of

Night = list[list[Row]]


class Life(NamedTuple):
    """One process: batches that it commits, batches that it only writes, and what tears off."""

    committed: int
    written: int
    torn: bytes


rows = st.builds(
    Row,
    st.sampled_from("ab") | st.uuids().map(str),
    st.integers(1, 3),
    st.just("sent") | st.sampled_from(get_args(Fate)),
)
nights = st.lists(st.lists(rows, max_size=4), min_size=1, max_size=8)
lives = st.lists(
    st.builds(Life, st.integers(0, 3), st.integers(0, 3), st.binary(max_size=9)), max_size=5
)


def spend(night: Night, past: Sequence[Life], folder: Path, api: Api) -> Manifest:
    """Go through the lives, then bring the ledger to its end."""
    export = export_of(night)

    def open_book(state: BookState | None) -> Book:
        return Book(
            folder, export, state, mode="upload", stations=None, api_url="http://a", efforts=True
        )

    def write(book: Book, number: int) -> None:
        for entry in entries(night, number, api):
            book.add(entry)

    state, done = None, 0
    for life in past:
        book = open_book(state)
        for _ in range(done, min(done + life.committed, len(night))):
            write(book, done)
            state, done = book.commit(), done + 1
        for number in range(done, min(done + life.written, len(night))):
            write(book, number)
        book.close()
        for name in FILES:
            with (folder / name).open("ab") as file:
                file.write(life.torn)
    book = open_book(state)
    for number in range(done, len(night)):
        write(book, number)
    assert book.is_complete
    return book.seal()


SENT: Fate = "sent"
CONFLICT = [[Row("a", 1, SENT)], [Row("a", 2, SENT), Row("a", 1, SENT)]]
LATER = [[Row("a", 2, SENT), Row("a", 1, SENT), Row("a", 1, "lost")]]
DOUBT = [[Row("a", 1, "lost")], [Row("a", 2, SENT), Row("a", 1, SENT)]]
UNCOMMITTED = [Life(0, 2, b"")]


@settings(max_examples=150)
@given(nights, lives)
@example(CONFLICT, [])
@example(CONFLICT, UNCOMMITTED)
@example(CONFLICT, [Life(1, 1, b"{")])
@example(DOUBT, [])
@example(DOUBT, UNCOMMITTED)
@example(LATER, UNCOMMITTED)
def test_each_record_stands_in_the_ledger_once_and_each_receipt_is_what_the_api_has(
    night: Night, past: list[Life]
) -> None:
    api = Api()
    with TemporaryDirectory() as place:
        folder = Path(place) / export_of(night).key
        manifest = spend(night, past, folder, api)
        assert_true_to(folder, night, api)
        digest = hashlib.sha256((folder / "receipts.ndjson").read_bytes()).hexdigest()
        left = {path.name for path in folder.iterdir()}
    fates = [row.fate for batch in night for row in batch]
    valid = sum(fate not in {"skipped", "schema"} for fate in fates)
    assert manifest.reconciled
    assert (manifest.total_records, manifest.skipped) == (len(fates), fates.count("skipped"))
    assert (manifest.valid_records, manifest.rejected_records) == (valid, fates.count("schema"))
    assert (manifest.attempts, manifest.throttled, manifest.paused_seconds) == (
        valid,
        valid,
        valid / 4,
    )
    assert manifest.receipts_sha256 == digest
    assert left == {*FILES, ".checkpoint", "manifest.json"}


def reasons(night: Night, past: Sequence[Life]) -> dict[str, int]:
    with TemporaryDirectory() as place:
        return spend(night, past, Path(place) / "ledger", Api()).reasons


def test_a_crash_changes_nothing_of_who_is_in_conflict() -> None:
    assert reasons(CONFLICT, []) == reasons(CONFLICT, UNCOMMITTED) == {"conflicting_duplicate": 1}


def test_a_row_that_comes_again_after_a_crash_is_not_in_conflict_with_itself() -> None:
    once = [[Row("a", 1, SENT)], [Row("b", 2, SENT)]]
    assert reasons(once, [Life(1, 1, b""), Life(0, 1, b"")]) == {}


def test_no_row_counts_as_scheduled_where_a_given_up_one_may_have_been() -> None:
    assert reasons(DOUBT, []) == {"retries_exhausted": 1, "conflicting_duplicate": 2}
