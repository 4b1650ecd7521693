"""What is written to an archived export is noticed for a while, and told once."""

from dataflows.follow.afterwards import Afterwards


def test_one_that_is_written_to_is_told_once(tmp_path) -> None:
    quiet, busy, afterwards = tmp_path / "quiet", tmp_path / "busy", Afterwards(60)
    for path in (quiet, busy):
        path.write_text("whole")
        afterwards.add(path, 0)
    assert afterwards.written_to(1) == []
    busy.write_text("whole, and more")
    assert afterwards.written_to(59) == [busy]
    assert afterwards.written_to(59) == []


def test_it_is_watched_for_its_time_and_then_forgotten(tmp_path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(60)
    path.touch()
    afterwards.add(path, 0)
    assert afterwards.written_to(60) == []
    path.write_text("more")
    assert afterwards.written_to(61) == []


def test_where_only_companions_count_nothing_is_watched_for_long(tmp_path) -> None:
    path, afterwards = tmp_path / "a", Afterwards(float("inf"))
    path.touch()
    afterwards.add(path, 0)
    afterwards.written_to(0)
    path.write_text("more")
    assert afterwards.written_to(1) == []
