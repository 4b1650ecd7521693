"""An export goes to its ledger in one step, or by a copy that is whole before it is removed."""

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest

from connectors.avion import survey
from connectors.errors import ChangedError, HaltedError, RefusedError, StoppedError
from dataflows.follow.archive import archive
from dataflows.follow.landing import Landing
from tests.dataflows.follow import steps

module = sys.modules["dataflows.follow.archive"]
NAME, CONTENT = steps.NAME, steps.CONTENT


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["together", "apart"])
def test_an_export_is_archived_once_and_whole_whenever_it_is_killed(where, killed) -> None:
    for folder in killed("archived", where):
        steps.archived(folder)
        [ledger] = (folder / "archive").iterdir()
        assert contents(ledger / "export") == CONTENT
        assert not list((folder / "landing").iterdir())


@pytest.fixture
def in_hand(folder):
    landing = Landing(folder / "landing")
    export = survey(landing.claim(NAME))
    (folder / "archive" / export.key).mkdir(parents=True)
    return folder / "archive", landing, export


def test_what_was_copied_is_kept_where_whoever_has_it_open_writes_to_it(in_hand, apart) -> None:
    folder, landing, export = in_hand
    with export.path.open("a") as writer:
        done = archive(folder, landing, export, lambda: None)
        writer.write("more")
    assert done.place.read_text() == CONTENT[NAME]
    assert done.original.read_text() == CONTENT[NAME] + "more"
    Landing(landing.folder).recover()
    assert landing.kept.exports() == [done.original]
    aside = landing.set_aside_kept(done.original, "it grew")
    assert aside == landing.folder / "rejected" / NAME / NAME
    assert contents(aside.parent) == CONTENT | {
        NAME: CONTENT[NAME] + "more",
        f"{NAME}.reason": "it grew\n",
    }
    assert landing.kept.exports() == []


def test_one_that_came_again_is_removed_since_the_archive_has_it(in_hand) -> None:
    folder, landing, export = in_hand
    place = archive(folder, landing, export, lambda: None).place
    (landing.folder / NAME).write_text(CONTENT[NAME])
    again = landing.claim(NAME)
    done = archive(folder, landing, survey(again), lambda: None)
    assert done == (place, landing.folder / ".gone" / export.key / NAME)
    landing.kept.forget(done.original)
    assert not list(landing.folder.iterdir())
    assert place.read_text() == CONTENT[NAME]


DIFFERENT = {
    "another": lambda path: path.write_text("something else"),
    "folder": lambda path: path.mkdir(),
    "packed": lambda path: path.with_name(f"{NAME}.gz").touch(),
    "pipe": os.mkfifo,
    "link": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_it_is_kept_where_the_archive_holds_something_else(kind: str, in_hand) -> None:
    folder, landing, export = in_hand
    other = folder / export.key / "export"
    other.mkdir()
    DIFFERENT[kind](other / NAME)
    with pytest.raises(RefusedError, match=r"settled, and \S+ is not what was archived any more"):
        archive(folder, landing, export, lambda: None)
    assert export.path.read_text() == CONTENT[NAME]


@pytest.fixture
def apart(monkeypatch):
    """Have nothing renamed from landing folder to archive, as between two disks."""
    real = Path.rename

    def rename(path, target):
        if ("archive" in path.parts) != ("archive" in target.parts):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)


def test_what_came_with_an_export_and_cannot_be_copied_keeps_it_from_nothing(
    in_hand, apart
) -> None:
    folder, landing, export = in_hand
    beside = export.path.parent
    (beside / "folder").mkdir()
    (beside / "folder" / "notes").touch()
    os.mkfifo(beside / "pipe")
    (beside / "nowhere").symlink_to("nothing")
    done = archive(folder, landing, export, lambda: None)
    place = done.place
    landing.kept.forget(done.original)
    assert contents(place.parent) == CONTENT
    kept = landing.folder / "rejected" / "processing"
    assert {path.name for path in kept.iterdir()} == {"folder", "pipe", "nowhere"}
    assert (kept / "folder" / "notes").exists()
    assert [path.name for path in landing.folder.iterdir()] == ["rejected"]


def test_times_that_may_not_be_set_are_let_go(in_hand, apart, monkeypatch) -> None:
    def refuses(*_, **__):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(shutil, "copystat", refuses)
    folder, landing, export = in_hand
    assert contents(archive(folder, landing, export, lambda: None).place.parent) == CONTENT


def test_a_copy_ends_where_somebody_asks_and_has_no_name_yet(in_hand, apart) -> None:
    folder, landing, export = in_hand

    def stops():
        raise StoppedError

    with pytest.raises(StoppedError):
        archive(folder, landing, export, stops)
    assert {path.name for path in (folder / export.key).iterdir()} == {".export.draft"}
    assert contents(export.path.parent) == CONTENT
    assert contents(archive(folder, landing, export, lambda: None).place.parent) == CONTENT
    assert {path.name for path in (folder / export.key).iterdir()} == {"export"}


def test_one_that_is_written_to_while_it_is_copied_is_not_archived(in_hand, apart) -> None:
    folder, landing, export = in_hand

    def grows():
        export.path.write_text(CONTENT[NAME] + "more")

    with pytest.raises(ChangedError, match="was written to while it was copied"):
        archive(folder, landing, export, grows)
    assert not (folder / export.key / "export").exists()
    assert landing.in_hand() == export.path


def test_a_copy_that_differs_is_not_named(in_hand, apart, monkeypatch) -> None:
    folder, landing, export = in_hand
    monkeypatch.setattr(module, "sha256_of", lambda *_: "another")
    with pytest.raises(HaltedError, match="differs from it; run again"):
        archive(folder, landing, export, lambda: None)
    assert not (folder / export.key / "export").exists()
