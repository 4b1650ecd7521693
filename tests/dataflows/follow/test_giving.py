"""A file gets a name only where that is free."""

import errno
import os
from pathlib import Path

import pytest

from dataflows.follow.giving import give, is_given


@pytest.fixture(params=["links", "none"])
def source(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, on a file system that knows second names, or does not."""

    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "none":
        monkeypatch.setattr(os, "link", refuses)
    path = tmp_path / "source"
    path.write_text("ours")
    return path


def test_it_is_moved_where_nothing_is(source: Path) -> None:
    place = source.with_name("place")
    assert give(source, place)
    assert place.read_text() == "ours"
    assert not source.exists()


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("nothing")])
def test_what_is_there_stays(make, source: Path) -> None:
    place = source.with_name("place")
    make(place)
    assert not give(source, place)
    assert source.read_text() == "ours"


def test_what_cannot_be_moved_is_said(source: Path) -> None:
    with pytest.raises(FileNotFoundError):
        give(source.with_name("none"), source.with_name("place"))


def test_a_move_that_was_cut_off_is_noticed(tmp_path: Path) -> None:
    source, place = tmp_path / "source", tmp_path / "place"
    source.touch()
    assert not is_given(source, place)
    place.touch()
    assert not is_given(source, place)
    place.unlink()
    os.link(source, place)
    assert is_given(source, place)
