"""What an unfinished ledger says of a file of its name; the command's own tests have the words."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.avion import survey
from connectors.errors import RefusedError
from connectors.ledger import Checkpoint, identity_of, read_checkpoint
from connectors.ledger.counts import Counts
from connectors.ledger.manifest import new_manifest
from connectors.records import Export
from dataflows.exports import open_exports
from dataflows.identity import refuse_other, refuse_repacked
from dataflows.settings import load_settings


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def day(new_export: Callable[..., Path], out: Path) -> Export:
    """An export whose upload began, and settled 5 of 30 records."""
    export = survey(new_export(30))
    folder = out / export.key
    identity_of(export, api_url="http://a", line_limit=1 << 20, stations=None).write(folder)
    Checkpoint(
        mode="upload",
        export="day.ndjson",
        checksum=export.checksum,
        bytes=export.size,
        total_records=30,
        settled=5,
        counts={},
        lanes={},
        receipts_bytes=0,
        dead_letters_bytes=0,
        started_at="",
        updated_at="",
    ).write(folder)
    return export


def seal(out: Path, export: Export, mode: str) -> None:
    digests = {"receipts_sha256": "", "dead_letters_sha256": ""}
    times = {"started_at": "", "completed_at": ""}
    manifest = new_manifest(
        export, Counts(), mode=mode, stations=None, api_url="http://a", **digests, **times
    )
    folder = out / export.key
    folder.mkdir(exist_ok=True)
    manifest.write(folder)


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"SP", b"XX", 1))


def test_an_unchanged_file_is_not_refused(day: Export, out: Path) -> None:
    refuse_other(out, day.path)
    refuse_other(out, day.path.rename(day.path.parents[1] / day.path.name))


def test_a_changed_one_is_refused_with_how_far_its_upload_had_come(day: Export, out: Path) -> None:
    change(day.path)
    words = (
        "day.ndjson has changed: .*, and its upload is not finished: 5 of 30 records are settled"
    )
    with pytest.raises(RefusedError, match=words):
        refuse_other(out, day.path)


def test_one_whose_ledger_has_no_checkpoint_had_settled_nothing(day: Export, out: Path) -> None:
    (out / day.key / ".checkpoint").unlink()
    change(day.path)
    with pytest.raises(RefusedError, match="0 of 30 records are settled"):
        refuse_other(out, day.path)


def test_a_missing_one_is_refused(day: Export, out: Path) -> None:
    day.path.unlink()
    with pytest.raises(RefusedError, match=r"is not there, and its upload is not finished"):
        refuse_other(out, day.path)
    assert read_checkpoint(out / day.key)


@pytest.mark.parametrize(("mode", "refused"), [("upload", False), ("validate-only", True)])
def test_a_ledger_that_an_upload_sealed_is_no_matter(
    day: Export, out: Path, mode: str, *, refused: bool
) -> None:
    seal(out, day, mode)
    change(day.path)
    if not refused:
        refuse_other(out, day.path)
        return
    with pytest.raises(RefusedError):
        refuse_other(out, day.path)


def test_ledgers_of_other_names_and_known_exports_are_no_matter(day: Export, out: Path) -> None:
    change(day.path)
    refuse_other(out, day.path, {day.checksum})
    for name in ("day.ndjson.bak", "my day.ndjson", "day"):
        refuse_other(out, day.path.rename(day.path.with_name(name)))
        day.path.with_name(name).rename(day.path)


def test_a_name_with_signs_of_patterns_is_taken_as_it_is(day: Export, out: Path) -> None:
    pattern = day.path.rename(day.path.with_name("[d]ay*.ndjson"))
    change(pattern)
    refuse_other(out, pattern)
    export = survey(pattern)
    identity_of(export, api_url="http://a", line_limit=1 << 20, stations=None).write(
        out / export.key
    )
    change(pattern)
    with pytest.raises(RefusedError, match=r"\[d\]ay\*\.ndjson has changed"):
        refuse_other(out, pattern)


def test_an_export_that_is_done_is_not_held_to_an_unfinished_one_of_its_name(
    day: Export, out: Path
) -> None:
    change(day.path)
    seal(out, survey(day.path), "upload")
    [export] = open_exports(load_settings(exports=(day.path,), out=out, api_url="http://a"))
    assert export.checksum != day.checksum


def test_what_is_only_checked_is_not_held_to_an_upload(day: Export, out: Path) -> None:
    change(day.path)
    settings = load_settings(exports=(day.path,), out=out, api_url="http://a")
    with pytest.raises(RefusedError):
        open_exports(settings)
    open_exports(settings.model_copy(update={"validate_only": True}))


def test_a_file_that_the_survey_refuses_is_told_by_its_ledger(day: Export, out: Path) -> None:
    settings = load_settings(exports=(day.path,), out=out, api_url="http://a")
    day.path.write_bytes(b"PK\x03\x04")
    with pytest.raises(RefusedError, match=r"has changed from .* to 4 bytes"):
        open_exports(settings)
    with pytest.raises(RefusedError, match="a ZIP or spreadsheet"):
        open_exports(settings.model_copy(update={"validate_only": True}))
    day.path.unlink()
    day.path.mkdir()
    with pytest.raises(RefusedError, match="is a directory"):
        open_exports(settings)


def packed(day: Export) -> Export:
    path = day.path.with_name("other.ndjson.gz")
    path.write_bytes(gzip.compress(day.path.read_bytes()))
    return survey(path)


def test_what_is_packed_otherwise_is_refused_even_where_only_a_damaged_file_would_tell(
    day: Export, out: Path
) -> None:
    with pytest.raises(RefusedError, match="packed otherwise, whose ledger is"):
        refuse_repacked(out, packed(day))
    (out / day.key / ".export").write_text("{")
    with pytest.raises(RefusedError, match=r"cannot be told: .* is damaged .*put back the one"):
        refuse_repacked(out, packed(day))


def test_a_damaged_one_keeps_nothing_else_out(
    day: Export, out: Path, new_export: Callable[..., Path]
) -> None:
    (out / day.key / ".export").write_text("{")
    refuse_repacked(out, survey(new_export(31, "more.ndjson")))
    same_count = survey(new_export(30, "another.ndjson", seed=5))
    with pytest.raises(RefusedError, match="cannot be told"):
        refuse_repacked(out, same_count)
    seal(out, day, "upload")
    refuse_repacked(out, same_count)
