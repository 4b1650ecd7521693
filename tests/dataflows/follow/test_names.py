"""Names tell exports from what comes with them, and from what is not whole."""

import pytest

from dataflows.follow.names import companions, is_export, reason_of


@pytest.mark.parametrize("name", ["day.ndjson", "day.csv", "DAY", "notes.txt", "done", "a.tmp.csv"])
def test_any_other_file_may_be_an_export_be_it_a_bad_one(name) -> None:
    assert is_export(name)


@pytest.mark.parametrize(
    "name",
    [
        "day.ndjson.done",
        "day.ndjson.manifest.json",
        "day.ndjson.reason",
        "day.ndjson.part",
        "day.ndjson.filepart",
        "day.csv~",
        ".day.ndjson.x7Yq",
        "DAY.NDJSON.DONE",
        "day.ndjson.TMP",
        "day.ndjson.md5",
    ],
)
def test_companions_and_what_is_being_written_are_none(name) -> None:
    assert not is_export(name)


def test_an_export_has_the_companions_that_are_there(tmp_path) -> None:
    export = tmp_path / "day.ndjson"
    assert companions(export) == []
    (tmp_path / "day.ndjson.done").touch()
    (tmp_path / "other.ndjson.manifest.json").touch()
    assert companions(export) == [tmp_path / "day.ndjson.done"]


def test_one_whose_name_leaves_no_room_for_more_has_none_and_a_reason_all_the_same(
    tmp_path,
) -> None:
    export = tmp_path / ("n" * 250)
    export.touch()
    assert companions(export) == []
    reason_of(export).write_text("it is bad")
    assert reason_of(tmp_path / "day.ndjson") == tmp_path / "day.ndjson.reason"
