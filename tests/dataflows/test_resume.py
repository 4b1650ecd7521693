"""What a state folder and a ledger are to each other; the command's own tests have real losses."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.avion import survey
from connectors.errors import RefusedError
from connectors.ledger import read_checkpoint, read_identity
from connectors.ledger.book import Book
from connectors.ledger.origin import ORIGIN
from connectors.records import Batch, DeadLetter, Export, Span, Tally
from dataflows.resume import prepare
from dataflows.settings import Settings, load_settings
from dataflows.store import recovery_store


@pytest.fixture
def settings(new_export: Callable[..., Path], tmp_path: Path) -> Settings:
    settings = load_settings(exports=(new_export(30),), out=tmp_path / "out", api_url="http://a/v1")
    with recovery_store(settings.state_folder):
        return settings


@pytest.fixture
def day(settings: Settings) -> Export:
    return survey(settings.exports[0])


def begin(settings: Settings, day: Export, mode: str = "upload") -> Path:
    """Write a ledger of one dead letter, and its checkpoint."""
    folder = settings.out_folder / day.key
    span = Span(day.key, day.checksum, "lane-0", 0, 99, 2)
    book = Book(folder, day, None, mode=mode, stations=None, api_url="http://a", efforts=False)
    book.add(Tally(span, 1, 0, 0))
    book.add(Batch(span, [DeadLetter(1, 0, "schema", "", None, False, None, 0, b"raw")]))
    book.commit()
    book.close()
    return folder


def remember(settings: Settings, key: str, snapshot: bytes | None) -> None:
    with closing(sqlite3.connect(settings.state_folder / "part-0.sqlite3")) as store, store:
        store.execute(
            "INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, ?, ?)",
            ("step", key, 1, snapshot),
        )


def prepared(settings: Settings, day: Export) -> tuple[list[str], bool]:
    """Prepare, and return what was told and whether the ledger has an origin now."""
    told: list[str] = []
    prepare(settings, [day], settings.state_folder, told.append)
    return told, (settings.out_folder / day.key / ORIGIN).exists()


def test_a_first_run_notes_what_it_begins_with(settings: Settings, day: Export) -> None:
    assert prepared(settings, day) == ([], False)
    identity = read_identity(settings.out_folder / day.key)
    assert identity
    assert (identity.checksum, identity.line_limit) == (day.checksum, 1 << 20)


def test_a_state_that_knows_nothing_of_a_begun_upload_is_a_lost_one(
    settings: Settings, day: Export
) -> None:
    folder = begin(settings, day)
    [line], origin = prepared(settings, day)
    assert line == (
        f"{settings.state_folder} knows nothing of day.ndjson: going on from its ledger, in which "
        "1 of 30 records are settled"
    )
    assert origin
    assert read_checkpoint(folder, ORIGIN) == read_checkpoint(folder)


def test_the_state_may_know_other_exports(settings: Settings, day: Export) -> None:
    begin(settings, day)
    remember(settings, "night.ndjson.0123456789ab", b"snapshot")
    remember(settings, "lane-0", b"('another checksum': (1, 2, False))")
    _, origin = prepared(settings, day)
    assert origin


@pytest.mark.parametrize("kind", ["ledger", "lane"])
def test_a_state_that_knows_it_is_gone_on_with(settings: Settings, day: Export, kind: str) -> None:
    begin(settings, day)
    if kind == "ledger":
        remember(settings, day.key, b"snapshot")
    else:
        remember(settings, "lane-3", f"... {day.checksum} ...".encode())
    assert prepared(settings, day) == ([], False)


def test_a_ledger_without_a_checkpoint_has_nothing_to_go_on_from(
    settings: Settings, day: Export
) -> None:
    (begin(settings, day) / ".checkpoint").unlink()
    assert prepared(settings, day) == ([], False)


def test_a_check_is_nothing_to_go_on_from(settings: Settings, day: Export) -> None:
    folder = begin(settings, day, "validate-only")
    (folder / "receipts.ndjson").unlink()
    assert prepared(settings, day) == ([], False)


def test_what_was_begun_is_noted_once(settings: Settings, day: Export) -> None:
    prepared(settings, day)
    path = settings.out_folder / day.key / ".export"
    before = path.stat().st_mtime_ns, path.read_bytes()
    prepared(settings, day)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


@pytest.mark.parametrize("known", [True, False])
def test_a_ledger_that_lost_a_file_is_refused_and_nothing_noted(
    settings: Settings, day: Export, *, known: bool
) -> None:
    folder = begin(settings, day)
    (folder / "receipts.ndjson").unlink()
    if known:
        remember(settings, day.key, b"snapshot")
    both = f"{folder} and {settings.state_folder}" if known else f"{folder}"
    with pytest.raises(RefusedError) as caught:
        prepare(settings, [day], settings.state_folder)
    assert str(caught.value) == (
        f"{folder}/receipts.ndjson is gone: part of the ledger is lost; put it back, or move "
        f"{both} away to begin anew (what was delivered is then sent again and counted as "
        "duplicate; nothing is scheduled twice)"
    )
    assert sorted(path.name for path in folder.iterdir()) == [".checkpoint", "dead-letters.ndjson"]


def test_a_state_that_saw_the_ledger_sealed_misses_the_manifest(
    settings: Settings, day: Export
) -> None:
    folder = begin(settings, day)
    remember(settings, day.key, None)
    with pytest.raises(RefusedError, match=rf"{folder}/manifest\.json is gone, but"):
        prepare(settings, [day], settings.state_folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"line_limit": 2048}, "--line-limit 1048576, and this is 2048"),
        ({"stations": ("WXYZ", "KABC")}, "all stations, and this is --stations KABC,WXYZ"),
    ],
)
def test_settings_that_divide_the_records_otherwise_are_refused(
    settings: Settings, day: Export, change: dict[str, object], words: str
) -> None:
    prepared(settings, day)
    with pytest.raises(RefusedError) as caught:
        prepared(settings.model_copy(update=change), day)
    folder = settings.out_folder / day.key
    assert str(caught.value) == f"{folder} was begun with {words}; give the same again"


@pytest.mark.parametrize(
    "splits",
    [
        lambda start, size: [],
        lambda start, size: [[start, size - 1, 1]],
        lambda start, size: [[start + 1, size, 1]],
        lambda start, size: [[start, 100, 1], [101, size, 2]],
        lambda start, size: [[start, 100, 1], [99, size, 2]],
        lambda start, size: [[start, size, 1], [size, size + 1, 2]],
    ],
)
def test_splits_that_leave_records_out_or_read_them_twice_are_damage(
    settings: Settings, day: Export, splits: Callable[[int, int], list[list[int]]]
) -> None:
    prepared(settings, day)
    folder = settings.out_folder / day.key
    begun = read_identity(folder)
    assert begun
    replace(begun, splits=splits(day.splits[0].start, day.size)).write(folder)
    with pytest.raises(RefusedError, match=r"\.export is damaged; put back the one that was there"):
        prepared(settings, day)


def test_an_upload_goes_on_at_the_api_that_it_was_begun_with(
    settings: Settings, day: Export
) -> None:
    prepared(settings, day)
    prepared(settings.model_copy(update={"api_url": "http://a:8080/v1/"}), day)
    with pytest.raises(RefusedError) as caught:
        prepared(settings.model_copy(update={"api_url": "http://b"}), day)
    folder = settings.out_folder / day.key
    words = f"{folder} was begun with --api-url http://a/v1, and this is http://b; give another"
    assert words in str(caught.value)
    assert str(folder / ".export") in str(caught.value)


def test_the_order_of_the_stations_does_not_matter(settings: Settings, day: Export) -> None:
    prepared(settings.model_copy(update={"stations": ("WXYZ", "KABC")}), day)
    prepared(settings.model_copy(update={"stations": ("KABC", "WXYZ")}), day)
