"""A manifest that comes when its export is archived goes there, and not with the next one."""

import json
import os

import pytest

from dataflows.follow.late import put_late, put_to_its_own

SHA = "0123456789ab" * 5 + "cdef"
NAME = "day.ndjson.manifest.json"


@pytest.fixture
def landing(tmp_path):
    (tmp_path / "landing").mkdir()
    return tmp_path / "landing"


@pytest.fixture
def archived(tmp_path):
    place = tmp_path / "archive" / f"day.ndjson.{SHA[:12]}" / "export"
    place.mkdir(parents=True)
    (place / "day.ndjson").touch()
    return place


def write(folder, sha256=SHA):
    manifest = folder / NAME
    manifest.write_text(json.dumps({"records": 1, "sha256": sha256}))
    return manifest


def test_one_is_put_beside_the_export_whose_checksum_it_has(landing, archived) -> None:
    content = write(landing).read_bytes()
    put_late(landing, archived.parents[1])
    assert not list(landing.iterdir())
    assert (archived / NAME).read_bytes() == content


def test_one_whose_export_is_there_stays_with_it(landing, archived) -> None:
    write(landing)
    (landing / "day.ndjson").touch()
    put_late(landing, archived.parents[1])
    assert (landing / NAME).exists()


@pytest.mark.parametrize("sha256", ["f" * 64, "../../landing", "0" * 12, 5, None])
def test_one_of_an_export_that_nobody_knows_stays(sha256, landing, archived) -> None:
    write(landing, sha256)
    put_late(landing, archived.parents[1])
    assert (landing / NAME).exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '"sha256"', "[" * 60_000])
def test_so_does_what_is_no_manifest(text, landing, archived) -> None:
    (landing / NAME).write_text(text)
    put_late(landing, archived.parents[1])
    assert (landing / NAME).read_text() == text


def test_the_same_once_more_is_removed_and_another_one_kept(landing, archived) -> None:
    write(archived)
    assert put_to_its_own(write(landing), archived.parents[1])
    assert not list(landing.iterdir())
    (archived / NAME).write_text("another")
    assert not put_to_its_own(write(landing), archived.parents[1])
    assert (landing / NAME).exists()
    assert (archived / NAME).read_text() == "another"


def test_a_pipe_by_the_name_of_one_keeps_nobody_waiting(landing, archived) -> None:
    os.mkfifo(landing / NAME)
    put_late(landing, archived.parents[1])
    assert (landing / NAME).exists()
