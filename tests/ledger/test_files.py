import hashlib
from pathlib import Path

import pytest

from connectors.ledger.files import read_values, sha256_of, sync_folder, write_whole


def test_a_new_file_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_an_old_file_is_replaced_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old and longer")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_a_read_only_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    path.chmod(0o444)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("failing", ["write", "replace"])
def test_a_failure_on_the_way_leaves_the_old_content(tmp_path: Path, failing: str) -> None:
    path = tmp_path / "a.json"
    if failing == "write":
        path.write_bytes(b"old")
        (tmp_path / "a.json.draft").mkdir()  # no draft can be written
    else:
        path.mkdir()  # and a file cannot take the place of a folder
        (path / "inside").write_bytes(b"old")
    with pytest.raises(OSError, match=r"a\.json"):
        write_whole(path, b"new")
    assert (path / "inside" if failing == "replace" else path).read_bytes() == b"old"


def test_a_draft_of_a_crash_before_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.json.draft").write_bytes(b"half of something much longer")
    write_whole(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_whoever_reads_meanwhile_sees_the_old_or_the_new_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_whole(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


def test_a_folder_that_is_not_there_cannot_be_synced(tmp_path: Path) -> None:
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "gone")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_digest_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (tmp_path / "a").write_bytes(content)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_where_a_file_has_the_name_of_the_folder_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "ledger").touch()
    assert read_values(tmp_path / "ledger" / "manifest.json", dict) is None
