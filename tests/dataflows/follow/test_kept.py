"""What the archive has a copy of is kept as long as somebody may write to it."""

import hashlib
from pathlib import Path

import pytest

from dataflows.follow.kept import Kept

NAME, TEXT = "day.ndjson", b"{}\n"
LEDGER = f"{NAME}.{hashlib.sha256(TEXT).hexdigest()[:12]}"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / ".gone")


def put(kept: Kept, tmp_path: Path) -> Path:
    folder = tmp_path / "processing"
    folder.mkdir()
    (folder / NAME).write_bytes(TEXT)
    (folder / f"{NAME}.done").touch()
    return kept.put(folder, NAME, LEDGER)


def test_several_of_one_ledger_are_kept_beside_each_other_until_they_are_let_go(
    kept: Kept, tmp_path: Path
) -> None:
    assert kept.exports() == []
    found = [put(kept, tmp_path) for _ in range(2)]
    assert kept.exports() == sorted(found)
    for path in found:
        assert path in kept
        assert kept.is_still(path, lambda: None)
        assert path.with_name(f"{NAME}.done").exists()
        kept.forget(path)
    assert not list(tmp_path.iterdir())


def test_what_was_written_to_one_is_noticed_by_what_it_holds(kept: Kept, tmp_path: Path) -> None:
    path = put(kept, tmp_path)
    path.touch()
    assert kept.is_still(path, lambda: None)
    path.write_bytes(TEXT * 2)
    assert not kept.is_still(path, lambda: None)
    path.unlink()
    assert kept.is_still(path, lambda: None)


def test_what_is_left_of_one_that_was_let_go_is_removed(kept: Kept, tmp_path: Path) -> None:
    put(kept, tmp_path).unlink()
    (tmp_path / ".gone" / f"{NAME}.done").touch()
    assert kept.exports() == []
    assert not list(tmp_path.iterdir())


def test_nothing_else_is_one_of_them(kept: Kept, tmp_path: Path) -> None:
    assert tmp_path / "archive" / LEDGER / NAME not in kept
    odd = tmp_path / ".gone" / "somebody's" / NAME
    odd.parent.mkdir(parents=True)
    odd.write_bytes(TEXT)
    assert kept.exports() == [odd]
    assert not kept.is_still(odd, lambda: None)
