import hashlib
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connectors.effort import Effort
from connectors.errors import HaltedError
from connectors.ledger import read_checkpoint, read_manifest
from connectors.ledger.book import Book, BookState
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Tally

EXPORT = Export(Path("/in/day.ndjson"), "ndjson", "ab" * 32, 400, 4, (Split(0, 400, 1),))
FILES = ("receipts.ndjson", "dead-letters.ndjson")


def span(end: int, lane: str = "lane-0") -> Span:
    return Span(EXPORT.key, EXPORT.checksum, lane, 0, end, end // 100 + 1)


def receipts(*lines: int, outcome: str = "accepted") -> Batch[Receipt]:
    rows = [
        Receipt(n, n, f"SP{n}", "K", "t", "f" * 32, outcome, 201, 1, "now", 30, "Acme", b"raw")
        for n in lines
    ]
    return Batch(span(max(lines) * 100), rows)


def letters(*lines: int, reason: str = "schema") -> Batch[DeadLetter]:
    rows = [DeadLetter(n, n, reason, "why", None, False, None, 0, b"raw") for n in lines]
    return Batch(span(max(lines) * 100), rows)


def effort(spots: int, **took: float) -> Effort:
    nothing = Effort(span(400), spots, spots, 0, 0, 0, 0.0, 0.0, 0, 0.0)
    return nothing._replace(**took)


def tally(records: int, valid: int, skipped: int = 0, end: int = 400) -> Tally:
    return Tally(span(end), records, valid, skipped)


def open_book(folder: Path, state: BookState | None = None, **settings: object) -> Book:
    return Book(
        folder,
        EXPORT,
        state,
        **{
            "mode": "upload",
            "stations": None,
            "api_url": "http://a",
            "efforts": False,
            **settings,
        },
    )


def lines_in(path: Path) -> list[int]:
    return [json.loads(row)["line"] for row in path.read_bytes().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / EXPORT.key


@pytest.fixture
def half(folder: Path) -> BookState:
    """State of a book with a receipt and a dead letter, after which more was written."""
    book = open_book(folder)
    book.add(tally(2, 1, end=200))
    book.add(receipts(1))
    book.add(letters(2))
    state = book.commit()
    book.add(tally(2, 1))
    book.add(receipts(3))
    book.add(letters(4))
    book.close()
    return state


def test_a_new_book_makes_its_folder_and_empty_files(folder: Path) -> None:
    open_book(folder).close()
    assert [(folder / name).read_bytes() for name in FILES] == [b"", b""]


def test_receipts_and_dead_letters_stand_in_files_of_their_own(folder: Path) -> None:
    book = open_book(folder)
    book.add(receipts(1, 3))
    book.add(letters(2))
    book.commit()
    assert [lines_in(folder / name) for name in FILES] == [[1, 3], [2]]
    book.close()


@pytest.mark.parametrize(("mode", "waits"), [("upload", True), ("validate-only", False)])
def test_only_an_upload_waits_for_the_disk_at_a_snapshot(
    *, folder: Path, mode: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(handle), sync(handle)))
    book = open_book(folder, mode=mode)
    book.add(tally(4, 0))
    book.add(letters(1, 2))
    synced.clear()
    state = book.snapshot()
    assert bool(synced) == (read_checkpoint(folder) is not None) == waits
    assert state.dead_letters_bytes == (folder / FILES[1]).stat().st_size > 0
    assert state == book.commit()
    book.close()


def test_rows_after_the_snapshot_are_cut_off_on_resume(folder: Path, half: BookState) -> None:
    assert [lines_in(folder / name) for name in FILES] == [[1, 3], [2, 4]]
    open_book(folder, half).close()
    assert [lines_in(folder / name) for name in FILES] == [[1], [2]]


def test_what_comes_again_stands_there_once(folder: Path, half: BookState) -> None:
    book = open_book(folder, half)
    book.add(tally(2, 1))
    book.add(receipts(3))
    book.add(letters(4))
    assert book.is_complete
    book.seal()
    assert [lines_in(folder / name) for name in FILES] == [[1, 3], [2, 4]]


@pytest.mark.parametrize("name", FILES)
def test_a_torn_last_line_is_cut_off_on_resume(folder: Path, half: BookState, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-7])
    open_book(folder, half).close()
    assert [lines_in(folder / name) for name in FILES] == [[1], [2]]


def test_counts_lanes_and_start_go_on_after_a_resume(folder: Path, half: BookState) -> None:
    book = open_book(folder, half)
    assert book.commit() == half
    book.close()
    assert half.counts["accepted"] == 1
    assert half.lanes == {"lane-0": (200, 3)}


def test_the_state_is_made_of_plain_values(half: BookState) -> None:
    assert json.loads(json.dumps(half.counts)) == half.counts
    assert BookState(*tuple(half)) == half


def test_a_state_does_not_change_with_the_book(folder: Path) -> None:
    book = open_book(folder)
    before = book.commit()
    book.add(tally(4, 4))
    book.add(receipts(1))
    assert (before.counts["records"], before.lanes, before.receipts_bytes) == (0, {}, 0)
    book.close()


def test_without_a_state_the_book_begins_anew(folder: Path, half: BookState) -> None:
    for name in FILES:
        (folder / name).chmod(0o444)  # as a crash between the files and the manifest leaves them
    book = open_book(folder)
    assert [(folder / name).read_bytes() for name in FILES] == [b"", b""]
    assert book.commit().counts["accepted"] == 0
    book.close()


def test_a_sealed_upload_is_never_written_to_again(folder: Path) -> None:
    book = open_book(folder)
    book.add(tally(4, 4))
    book.add(receipts(1, 2, 3, 4))
    book.seal()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(HaltedError, match="sealed already"):
        open_book(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_upload_takes_the_place_of_a_check(folder: Path) -> None:
    checked = open_book(folder, mode="validate-only")
    checked.add(tally(4, 3))
    checked.add(letters(4))
    checked.seal()
    open_book(folder).close()
    assert read_manifest(folder) is None
    assert [(folder / name).read_bytes() for name in FILES] == [b"", b""]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("loss", ["shorter", "gone"])
def test_a_file_that_lost_rows_of_the_snapshot_is_refused(
    folder: Path, half: BookState, name: str, loss: str
) -> None:
    path = folder / name
    if loss == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:5])
    with pytest.raises(HaltedError, match=f"{name} has [05] bytes.*put it back"):
        open_book(folder, half)


@pytest.mark.parametrize("name", FILES)
def test_a_refusal_leaves_the_other_file_as_it_was(
    folder: Path, half: BookState, name: str
) -> None:
    (other,) = (folder / file for file in FILES if file != name)
    before = other.read_bytes()
    (folder / name).unlink()
    with pytest.raises(HaltedError):
        open_book(folder, half)
    assert other.read_bytes() == before


@pytest.mark.parametrize(
    ("mode", "entries", "complete"),
    [
        ("upload", [], False),
        ("upload", [tally(4, 4)], False),
        ("upload", [tally(4, 4), receipts(1, 2, 3)], False),
        ("upload", [receipts(1, 2, 3, 4)], False),
        ("upload", [tally(2, 2), receipts(1, 2)], False),
        ("upload", [tally(4, 4), receipts(1, 2, 3, 4)], True),
        ("upload", [tally(4, 4), receipts(1, 2), receipts(3, 4, outcome="duplicate")], True),
        ("upload", [tally(4, 3), receipts(1, 2, 3), letters(4)], True),
        ("upload", [tally(4, 4), receipts(1, 2, 3), letters(4, reason="rejected")], True),
        ("upload", [tally(4, 2, 2), receipts(1, 2)], True),
        ("upload", [tally(4, 0, 4)], True),
        ("upload", [receipts(1, 2, 3), letters(4), tally(4, 3)], True),
        ("validate-only", [], False),
        ("validate-only", [tally(3, 3)], False),
        ("validate-only", [tally(4, 3)], False),
        ("validate-only", [tally(4, 3), letters(4)], True),
        ("validate-only", [tally(4, 4)], True),
        ("validate-only", [tally(4, 1, 3)], True),
    ],
)
def test_a_book_is_complete_when_every_record_is_accounted_for(
    folder: Path, mode: str, entries: list, *, complete: bool
) -> None:
    book = open_book(folder, mode=mode)
    for entry in entries:
        book.add(entry)
    assert book.is_complete is complete
    book.close()


def test_an_export_without_a_record_is_complete_at_once(folder: Path) -> None:
    empty = Export(Path("/in/day.ndjson"), "ndjson", "ab" * 32, 0, 0, (Split(0, 0, 1),))
    book = Book(
        folder, empty, None, mode="upload", stations=None, api_url="http://a", efforts=False
    )
    book.add(Tally(span(0), 0, 0, 0))
    assert book.is_complete
    assert book.seal().reconciled


def test_a_commit_writes_how_far_every_lane_has_come(folder: Path) -> None:
    book = open_book(folder)
    book.add(Tally(span(400, "lane-1"), 2, 2, 0))
    book.add(receipts(2))
    book.add(Tally(span(100), 1, 1, 0))  # an earlier batch of the lane, arriving late
    state = book.commit()
    book.close()
    found = read_checkpoint(folder)
    assert found
    assert found.lanes == {
        "lane-0": {"offset": 200, "line": 3},
        "lane-1": {"offset": 400, "line": 5},
    }
    assert (found.export, found.checksum) == ("day.ndjson", EXPORT.checksum)
    assert (found.bytes, found.total_records, found.settled) == (400, 4, 1)
    assert found.counts == {**state.counts, "parked": 0}
    assert found.receipts_bytes == (folder / FILES[0]).stat().st_size > 0
    assert found.dead_letters_bytes == 0


def test_a_sealed_ledger_is_digested_read_only_and_reconciled(folder: Path) -> None:
    book = open_book(folder, stations=["K"], api_url="http://b/v1")
    book.add(tally(4, 2, 1))
    book.add(receipts(1, 2))
    book.add(letters(3))
    sealed = book.seal()
    assert sealed == read_manifest(folder)
    assert sealed.reconciled
    assert (sealed.mode, sealed.stations, sealed.skipped) == ("upload", ["K"], 1)
    assert sealed.api_url == "http://b/v1"
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]
    assert [sealed.receipts_sha256, sealed.dead_letters_sha256] == digests
    for name in (*FILES, "manifest.json"):
        assert (folder / name).stat().st_mode & 0o777 == 0o444
    assert sealed.started_at <= sealed.completed_at
    assert sealed.completed_at.endswith("+00:00")


def test_a_book_resumed_after_a_crash_within_the_seal_can_be_sealed(
    folder: Path, half: BookState
) -> None:
    for name in FILES:
        (folder / name).chmod(0o444)
    book = open_book(folder, half)
    book.add(tally(2, 2))
    book.add(receipts(3, 4))
    assert book.seal().reconciled
    assert [lines_in(folder / name) for name in FILES] == [[1, 3, 4], [2]]


def test_with_efforts_a_book_waits_for_that_of_every_spot(folder: Path) -> None:
    book = open_book(folder, efforts=True)
    book.add(tally(4, 3))
    book.add(receipts(1, 2, 3))
    book.add(letters(4))
    book.add(effort(2))
    assert not book.is_complete
    book.add(effort(1))
    assert book.is_complete
    book.close()


def test_what_held_delivery_up_is_added_up_across_a_resume_and_told_once(folder: Path) -> None:
    took = {"throttled": 2, "breaker_openings": 1, "paused_seconds": 1.5, "breaker_seconds": 60.0}
    book = open_book(folder, efforts=True)
    book.add(tally(2, 2, end=200))
    book.add(receipts(1, 2))
    book.add(effort(2, **took, token_renewals=1))
    state = book.commit()
    book.add(effort(2, throttled=99))  # comes again
    book.close()
    found = read_checkpoint(folder)
    assert found
    assert (found.counts["throttled"], found.counts["paused_seconds"]) == (2, 1.5)

    book = open_book(folder, state, efforts=True)
    book.add(tally(2, 1))
    book.add(receipts(3))
    book.add(letters(4, reason="rejected"))
    book.add(effort(2, **took))
    sealed = book.seal()
    assert (sealed.attempts, sealed.throttled, sealed.breaker_openings) == (3, 4, 2)
    assert (sealed.paused_seconds, sealed.breaker_seconds) == (3.0, 120.0)
    assert (sealed.token_renewals, sealed.parked) == (1, 0)
    minutes = list(sealed.held_up.values())
    assert [sum(column) for column in zip(*minutes, strict=True)] == [4, 3.0, 2, 120.0]


def test_a_duplicate_is_written_when_the_epoch_ends_and_counts_as_known_before(
    folder: Path,
) -> None:
    book = open_book(folder)
    book.add(tally(4, 4))
    book.add(receipts(1, 2, outcome="duplicate"))
    book.add(receipts(3, 4))
    assert book.is_complete
    assert book.commit().counts["duplicates"] == 2
    assert lines_in(folder / FILES[0]) == [3, 4, 1, 2]
    assert book.commit().counts["duplicates"] == 2
    book.close()


def test_a_duplicate_of_other_content_is_a_dead_letter_in_all_counts(folder: Path) -> None:
    book = open_book(folder)
    book.add(tally(4, 4))
    book.add(receipts(1, 4))
    [same, other] = receipts(2, 3, outcome="duplicate")
    book.add(Batch(span(300), [same, other._replace(duration_sec=60)]))
    sealed = book.seal()
    assert [lines_in(folder / name) for name in FILES] == [[1, 4, 2], [3]]
    assert (sealed.accepted, sealed.duplicates, sealed.failed) == (2, 1, 1)
    assert sealed.reasons == {"conflicting_duplicate": 1}
    assert sealed.reconciled


def test_a_pause_is_noted_in_the_minute_in_which_it_began(folder: Path) -> None:
    book = open_book(folder, efforts=True)
    book.add(tally(1, 1))
    book.add(receipts(1))
    before = datetime.now(timezone.utc) - timedelta(hours=2, minutes=1)
    book.add(effort(1, breaker_openings=1, breaker_seconds=7200.0))
    [minute] = book.commit().counts["held_up"]
    began = datetime.fromisoformat(f"{minute}:00+00:00")
    assert before < began <= before + timedelta(minutes=10)
    book.close()
