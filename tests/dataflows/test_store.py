import os
import tempfile
from pathlib import Path

import pytest

from connectors.errors import RefusedError
from dataflows.store import no_store, recovery_store


def test_a_new_store_is_prepared(tmp_path: Path) -> None:
    with recovery_store(tmp_path / "a" / "state"):
        pass
    assert (tmp_path / "a" / "state" / "part-0.sqlite3").exists()


def test_a_store_is_kept_from_run_to_run(tmp_path: Path) -> None:
    with recovery_store(tmp_path):
        pass
    part = tmp_path / "part-0.sqlite3"
    before = part.stat().st_ino, part.read_bytes()
    with recovery_store(tmp_path):
        pass
    assert (part.stat().st_ino, part.read_bytes()) == before


def test_a_store_in_use_is_refused_with_the_process_that_holds_it(tmp_path: Path) -> None:
    with (
        recovery_store(tmp_path),
        pytest.raises(RefusedError, match=rf"another run \(process {os.getpid()}\)"),
        recovery_store(tmp_path),
    ):
        pass
    with recovery_store(tmp_path):  # free again
        pass


def test_a_lock_that_nobody_holds_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("999999")
    with recovery_store(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


@pytest.mark.parametrize("name", ["file", "file/state"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RefusedError, match="choose another folder"),
        recovery_store(tmp_path / name),
    ):
        pass


def test_what_a_crash_left_of_a_store_in_the_making_is_no_store(tmp_path: Path) -> None:
    draft = tmp_path / ".new"
    draft.mkdir()
    (draft / "part-0.sqlite3").write_bytes(b"half")
    with recovery_store(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "part-0.sqlite3"]


def test_a_process_whose_snapshots_are_kept_by_another_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with no_store() as config:
        assert list(Path(config.db_dir).iterdir()) == []
        assert list(tmp_path.iterdir()) == [Path(config.db_dir)]
    assert not list(tmp_path.iterdir())
