"""What is written to an archived export is noticed for a while, and told once."""

from pathlib import Path

from dataflows.follow.afterwards import Afterwards, stamp_of


def watch(afterwards: Afterwards, path: Path) -> None:
    path.write_text("whole")
    afterwards.add(path, stamp_of(path), 0)


def test_one_that_is_written_to_is_told_once(tmp_path: Path) -> None:
    quiet, busy, afterwards = tmp_path / "quiet", tmp_path / "busy", Afterwards(60)
    watch(afterwards, quiet)
    watch(afterwards, busy)
    assert afterwards.look(1) == ([], [])
    busy.write_text("whole, and more")
    assert afterwards.look(59) == ([busy], [])
    assert afterwards.look(59) == ([], [])


def test_it_is_watched_for_its_time_and_then_let_go(tmp_path: Path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(60)
    watch(afterwards, path)
    assert afterwards.look(60) == ([], [path])
    path.write_text("whole, and more")
    assert afterwards.look(61) == ([], [])


def test_at_the_last_look_a_change_still_counts(tmp_path: Path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(60)
    watch(afterwards, path)
    path.write_text("whole, and more")
    assert afterwards.look(90) == ([path], [])


def test_where_only_companions_count_there_is_one_look(tmp_path: Path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(float("inf"))
    watch(afterwards, path)
    assert afterwards.look(0) == ([], [path])
    path.write_text("whole, and more")
    assert afterwards.look(1) == ([], [])


def test_one_of_which_nothing_is_known_counts_as_changed(tmp_path: Path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(60)
    path.touch()
    afterwards.add(path, None, 0)
    assert afterwards.look(0) == ([path], [])


def test_one_that_a_keeper_of_archives_moved_away_was_not_written_to(tmp_path: Path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(60)
    watch(afterwards, path)
    path.unlink()
    assert afterwards.look(1) == ([], [path])
