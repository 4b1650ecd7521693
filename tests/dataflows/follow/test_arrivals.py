"""What has arrived is taken in order, and when it is whole."""

import os
import time

import pytest

from dataflows.follow.arrivals import Arrival, Settling, arrivals

A = Arrival("a", (1, 10, 100), announced=False)
B = Arrival("b", (2, 20, 200), announced=False)


def grown(one: Arrival) -> Arrival:
    number, size, changed = one.stamp
    return one._replace(stamp=(number, size + 1, changed))


def test_exports_are_found_in_order_of_arrival(tmp_path) -> None:
    for name in ("z.ndjson", "a.csv", "m.ndjson"):
        (tmp_path / name).write_text(name)
        time.sleep(0.02)  # the file system's clock is a coarse one
    (tmp_path / "a.csv.part").touch()
    (tmp_path / "rejected").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert [one.name for one in arrivals(tmp_path)] == ["z.ndjson", "a.csv", "m.ndjson"]


def test_one_that_is_renamed_when_it_is_whole_arrives_then(tmp_path) -> None:
    (tmp_path / "first.part").touch()
    (tmp_path / "second.csv").touch()
    time.sleep(0.02)
    (tmp_path / "first.part").rename(tmp_path / "first.csv")
    assert [one.name for one in arrivals(tmp_path)] == ["second.csv", "first.csv"]


@pytest.mark.parametrize("suffix", [".done", ".manifest.json"])
def test_a_companion_announces_its_export_and_an_older_one_is_of_the_file_before(
    suffix, tmp_path
) -> None:
    export, companion = tmp_path / "day.csv", tmp_path / f"day.csv{suffix}"
    export.touch()
    assert [one.announced for one in arrivals(tmp_path)] == [False]
    companion.touch()
    assert [one.announced for one in arrivals(tmp_path)] == [True]
    os.utime(companion, (0, 0))
    assert [one.announced for one in arrivals(tmp_path)] == [False]


def test_one_counts_as_whole_when_it_has_not_changed_for_the_time() -> None:
    settling = Settling(60)
    assert settling.whole([A], 1000) is None
    assert settling.whole([A], 1059) is None
    assert settling.whole([A], 1060) == A


def test_one_that_is_empty_never_does_since_its_writer_may_only_have_opened_it() -> None:
    settling, empty = Settling(60), A._replace(stamp=(1, 0, 1))
    settling.whole([empty], 1000)
    assert settling.whole([empty], 9000) is None
    assert settling.whole([empty._replace(announced=True)], 9001)


def test_every_change_begins_the_time_anew() -> None:
    settling = Settling(60)
    settling.whole([A], 0)
    assert settling.whole([grown(A)], 50) is None
    assert settling.whole([grown(A)], 100) is None
    assert settling.whole([grown(A)], 110) == grown(A)


def test_so_does_going_away() -> None:
    settling = Settling(60)
    settling.whole([A], 0)
    settling.whole([], 30)
    assert settling.whole([A], 70) is None


def test_one_that_is_announced_need_not_settle_and_passes_who_does() -> None:
    told = B._replace(announced=True)
    assert Settling(60).whole([A, told], 0) == told


def test_of_several_the_first_is_taken() -> None:
    settling = Settling(60)
    settling.whole([A, B], 0)
    assert settling.whole([A, B], 60) == A


def test_where_no_end_is_given_only_companions_count() -> None:
    settling = Settling(float("inf"))
    settling.whole([A], 0)
    assert settling.whole([A], 1e9) is None


@pytest.mark.parametrize("seconds", [60, float("inf")])
def test_of_one_that_is_doubted_no_companion_says_that_it_is_whole(seconds) -> None:
    settling, told = Settling(seconds), A._replace(announced=True)
    settling.doubt("a")
    assert settling.whole([told], 0) is None
    assert settling.whole([grown(told)], 50) is None
    assert settling.whole([grown(told)], 51 + 120) == grown(told)
    settling.believe("a")
    assert settling.whole([told], 500) == told


def test_what_has_the_name_of_a_doubted_one_that_went_away_is_not_doubted() -> None:
    settling, told = Settling(float("inf")), A._replace(announced=True)
    settling.doubt("a")
    settling.whole([], 0)
    assert settling.whole([A], 1) is None
    assert settling.whole([A], 500) is None
    assert settling.whole([told], 501) == told


def test_it_is_known_whether_one_was_quiet_for_the_time() -> None:
    settling, told = Settling(60), A._replace(announced=True)
    assert settling.whole([told], 0) == told
    assert not settling.was_quiet(told, 0)
    assert settling.was_quiet(told, 60)
    assert not settling.was_quiet(grown(told), 60)
