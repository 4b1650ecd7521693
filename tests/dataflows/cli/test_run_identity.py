"""Whether the export is still the one that its upload began with, in real processes."""

import hashlib
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.ledger import read_checkpoint, read_identity, read_manifest

New = Callable[..., Any]

SLOW = ("--latency", "0.02")
SMALL = ("--checkpoint-records", "100")


class Half(NamedTuple):
    """An upload that was stopped half-way."""

    upload: Any
    path: Path
    content: bytes
    settled: int

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def begun(self) -> Path:
        """Folder of the ledger that the upload began."""
        return self.upload.out / f"{self.path.name}.{self.checksum[:12]}"

    @property
    def left(self) -> str:
        return (
            f"its upload is not finished: {self.settled:,} of 900 records are settled in "
            f"{self.begun}"
        )

    def refused(self, *options: object) -> str:
        """Run again, hold it to a refusal that sent nothing and touched nothing, and return it."""
        before, files = self.upload.api.stats(), self.files()
        refused = self.upload(*options)
        assert refused.code == 2
        assert self.upload.api.stats() == before
        assert self.files() == files
        return refused.refusal

    def files(self) -> dict[Path, bytes]:
        found = self.upload.out.rglob("*")
        return {
            path: path.read_bytes() for path in found if path.is_file() and path.name != ".lock"
        }

    def goes_on(self) -> None:
        """Put the old content back, and see the upload end exactly, nothing sent twice."""
        self.path.write_bytes(self.content)
        assert self.upload(*SMALL).code == 0
        self.upload.assert_exact(890)
        stats = self.upload.api.stats()
        assert (stats["requests"], stats["duplicates"]) == (890, 0)


@pytest.fixture
def new_half(api: New, new_export: New, new_upload: New) -> Callable[[str], Half]:
    def make(name: str) -> Half:
        path = new_export(900, name)
        upload = new_upload(api(*SLOW), path)
        running = upload.start(*SMALL)
        running.until(lambda: upload.accepted > 300)
        assert running.finish(signal.SIGTERM).code == 75
        checkpoint = read_checkpoint(upload.ledger())
        assert checkpoint
        return Half(upload, path, path.read_bytes(), checkpoint.settled)

    return make


@pytest.mark.parametrize("name", ["day.ndjson", "day.csv"])
def test_whatever_became_of_the_file_it_is_refused_and_goes_on_once_it_is_back(
    name: str, new_half: New
) -> None:
    half = new_half(name)
    path, content = half.path, half.content
    at = content.index(b"SP", len(content) // 2)
    changed = content[:at] + b"X" + content[at + 1 :]
    path.write_bytes(changed)
    refusal = half.refused()
    first = at // 4096 * 4096
    place = f"between byte {first:,} and {first + 4096:,}, in line {_line(content, first)} or later"
    assert f"{path} has changed: the first difference lies {place}" in refusal
    assert f"(SHA-256 was {half.checksum}, is {hashlib.sha256(changed).hexdigest()})" in refusal
    assert half.left in refusal
    assert "put the old file back to go on, or move that folder away" in refusal
    assert "its request IDs are new, so what Avstar has of the old one will be" in refusal

    path.write_bytes(content[:50_000])
    cut = f"{path} is cut to 50,000 of its {len(content):,} bytes"
    assert all(words in half.refused() for words in (cut, half.left))
    path.write_bytes(content + content[-300:])
    grown = f"{path} has grown by 300 bytes behind the {len(content):,} it had"
    assert all(words in half.refused() for words in (grown, half.left))
    path.write_bytes(b"PK\x03\x04")
    assert f"{path} has changed from {len(content):,} to 4 bytes" in half.refused()
    path.unlink()
    refusal = half.refused()
    assert f"{path} is not there, and {half.left}" in refusal
    assert f"put the file with SHA-256 {half.checksum} back to go on" in refusal
    half.goes_on()


def _line(content: bytes, at: int) -> str:
    return f"{content[:at].count(10) + 1:,}"


def test_a_file_that_was_touched_or_moved_to_another_folder_goes_on(
    new_half: New, tmp_path: Path
) -> None:
    half = new_half("day.csv")
    elsewhere = tmp_path / "other mount" / half.path.name
    elsewhere.parent.mkdir()
    shutil.copy(half.path, elsewhere)  # another file with another time
    half.path.unlink()
    half.upload.exports = (elsewhere,)
    assert half.upload(*SMALL).code == 0
    half.upload.assert_exact(890)
    assert half.upload.api.stats()["requests"] == 890


def test_a_copy_under_another_name_is_refused(new_half: New) -> None:
    half = new_half("day.ndjson")
    copy = half.path.with_name("copy.ndjson")
    half.path.rename(copy)
    half.upload.exports = (copy,)
    assert f"{copy} holds what day.ndjson held, whose ledger is {half.begun}" in half.refused()
    half.upload.exports = (half.path,)
    half.goes_on()


def test_other_settings_than_those_that_divided_it_into_records_are_refused(
    new_half: New,
) -> None:
    half = new_half("day.ndjson")
    refusal = half.refused("--line-limit", "2000")
    assert f"{half.begun} was begun with --line-limit 1048576, and this is 2000" in refusal
    refusal = half.refused("--stations", "WXYZ,KABC")
    words = "was begun with all stations, and this is --stations KABC,WXYZ; give the same again"
    assert f"{half.begun} {words}" in refusal
    half.goes_on()


def test_a_changed_file_is_uploaded_as_another_once_its_ledger_is_moved_away(
    new_half: New,
) -> None:
    half = new_half("day.ndjson")
    half.path.write_bytes(b"".join(half.content.splitlines(keepends=True)[:400]))
    half.refused()
    half.begun.rename(half.begun.with_name("given up"))
    before = half.upload.accepted
    assert half.upload(*SMALL).code == 0
    manifest = read_manifest(half.upload.ledger())
    assert manifest
    assert manifest.reconciled
    # What the refusal warned of: Avstar takes all of it for new, also what it had.
    assert half.upload.accepted == before + manifest.accepted
    assert manifest.duplicates == 0


def test_a_check_of_a_changed_file_sends_nothing_and_so_is_not_refused(new_half: New) -> None:
    half = new_half("day.ndjson")
    half.path.write_bytes(half.content[: len(half.content) // 2])
    before = half.upload.api.stats()
    assert half.upload("--validate-only").code == 0
    assert half.upload.api.stats() == before
    half.goes_on()


def test_an_upload_that_was_killed_before_anything_was_settled_is_known_as_well(
    api: New, new_export: New, new_upload: New
) -> None:
    """There is no checkpoint yet, but spots are at the API."""
    path = new_export(900)
    upload = new_upload(api("--latency", "0.2"), path)
    running = upload.start("--concurrency", "5")
    running.until(lambda: upload.accepted > 0)
    running.finish(signal.SIGKILL)
    ledger = upload.ledger()
    assert read_checkpoint(ledger) is None
    assert read_identity(ledger)
    path.write_bytes(path.read_bytes().replace(b"KABC", b"KABD", 1))
    refused = upload()
    assert refused.code == 2
    assert f"0 of 900 records are settled in {ledger}" in refused.refusal


def test_exports_of_one_name_in_two_folders_do_not_stand_in_each_others_way(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    east, west = new_export(300), new_export(300, "west.ndjson", seed=2)
    moved = tmp_path / "west" / east.name
    moved.parent.mkdir()
    west.rename(moved)
    upload = new_upload(api(*SLOW), east, moved)
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 350)
    assert running.finish(signal.SIGTERM).code == 75
    assert upload(*SMALL).code == 0
    upload.assert_exact(580)


def test_the_next_days_export_may_have_the_name_of_one_that_is_done(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(100))
    assert upload().code == 0
    new_export(100, seed=2)
    assert upload().code == 0
    assert upload.accepted == 180
