from pathlib import Path

import pytest

from connectors.errors import RefusedError
from dataflows.hold import hold


def test_folders_are_made_and_nothing_is_written_into_them(tmp_path: Path) -> None:
    with hold([tmp_path / "out" / "a", tmp_path / "out" / "b"]):
        assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "b"}
    assert not list((tmp_path / "out" / "a").iterdir())


def test_a_ledger_that_is_written_by_another_run_is_refused_until_that_ends(tmp_path: Path) -> None:
    with (
        hold([tmp_path / "a"]),
        pytest.raises(RefusedError, match="a is written by another run; wait"),
        hold([tmp_path / "b", tmp_path / "a"]),
    ):
        pass
    with hold([tmp_path / "b", tmp_path / "a"]):
        pass


def test_whoever_is_refused_holds_nothing_and_leaks_nothing(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with hold([tmp_path / "a"]):
        for _ in range(3):
            with pytest.raises(RefusedError), hold([tmp_path / "b", tmp_path / "a"]):
                pass
        with hold([tmp_path / "b"]):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("name", ["file", "file/ledger"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="cannot be written"), hold([tmp_path / name]):
        pass
