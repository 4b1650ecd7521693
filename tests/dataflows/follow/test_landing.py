"""An export in the landing folder is in one state at a time, whatever is cut off between."""

import os
import shutil
from pathlib import Path

import pytest

from connectors.errors import HaltedError, RefusedError
from dataflows.follow.landing import Landing
from tests.dataflows.follow import steps

NAME, NAMES = steps.NAME, set(steps.CONTENT)


def names(folder):
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@pytest.fixture
def landing(folder):
    return Landing(folder / "landing")


def test_what_is_claimed_is_in_hand_with_its_companions(landing) -> None:
    assert landing.in_hand() is None
    path = landing.claim(NAME)
    assert path == landing.in_hand() == landing.folder / "processing" / NAME
    assert names(path.parent) == NAMES
    assert names(landing.folder) == {"processing"}


def test_what_arrives_under_its_name_meanwhile_is_another_one(landing) -> None:
    path = landing.claim(NAME)
    (landing.folder / NAME).write_text("another")
    landing.set_aside(path, "it is bad")
    assert (landing.folder / NAME).read_text() == "another"
    assert landing.in_hand() is None


def test_what_is_set_aside_has_its_reason_beside_it(landing) -> None:
    place = landing.set_aside(landing.claim(NAME), "it is bad")
    assert place == landing.folder / "rejected" / NAME / NAME
    assert names(place.parent) == NAMES | {f"{NAME}.reason"}
    assert place.with_name(f"{NAME}.reason").read_text() == "it is bad\n"


def test_several_of_one_name_are_set_aside_beside_each_other(landing) -> None:
    places = []
    for number in range(3):
        (landing.folder / NAME).write_text(str(number))
        places.append(landing.set_aside(landing.claim(NAME), "it is bad"))
    assert [place.read_text() for place in places] == ["0", "1", "2"]
    assert names(landing.folder / "rejected") == {NAME, f"{NAME}.2", f"{NAME}.3"}


@pytest.mark.parametrize("name", [b"caf\xe9.csv", b"n" * 254, b"n" * 249 + b".csv"])
def test_whatever_the_name_is_it_is_set_aside_with_its_reason_again_and_again(
    name: bytes, landing
) -> None:
    for _ in range(3):
        path = landing.folder / os.fsdecode(name)
        path.write_text("bad")
        place = landing.set_aside(landing.claim(path.name), f"{path} is bad: \ud800")
        assert place.read_text() == "bad"
        [reason] = place.parent.glob("*.reason")
        assert reason.read_text().endswith(" is bad: \\ud800\n")
    assert len(names(landing.folder / "rejected")) == 3
    landing.note(path.name, "it is bad")


def test_two_long_names_that_begin_alike_stay_apart_and_their_end_is_kept(landing) -> None:
    for name in ("é" * 120 + "1.csv", "é" * 120 + "2.csv"):
        for _ in range(2):
            (landing.folder / name).touch()
            landing.set_aside(landing.claim(name), "it is bad")
    assert len(names(landing.folder / "rejected")) == 4


@pytest.mark.parametrize("name", ["processing", "rejected", ".claim", ".gone"])
def test_a_file_by_the_name_of_a_folder_is_named(landing, name) -> None:
    (landing.folder / name).touch()
    with pytest.raises(RefusedError, match=f"{name} is a file, where a folder is needed"):
        landing.recover()


def test_of_what_somebody_put_in_hand_nothing_is_lost(landing) -> None:
    landing.claim(NAME)
    (landing.folder / "processing" / "other.csv").touch()
    with pytest.raises(RefusedError, match=r"processing holds day\.ndjson and other\.csv"):
        landing.in_hand()


def test_what_somebody_left_of_one_in_hand_keeps_no_other_from_coming(landing) -> None:
    landing.claim(NAME).unlink()
    assert landing.in_hand() is None
    (landing.folder / "next.csv").touch()
    assert landing.claim("next.csv") == landing.in_hand()
    assert names(landing.folder / "rejected" / "processing") == NAMES - {NAME}


def test_one_that_is_taken_back_meanwhile_is_left_alone(landing) -> None:
    (landing.folder / NAME).unlink()
    assert landing.claim(NAME) is None
    assert names(landing.folder) == NAMES - {NAME}


def test_companions_whose_export_was_not_claimed_yet_go_back(landing) -> None:
    claim = landing.folder / ".claim"
    claim.mkdir()
    (landing.folder / f"{NAME}.done").rename(claim / f"{NAME}.done")
    landing.recover()
    assert names(landing.folder) == NAMES


def test_but_not_over_those_of_another_export(landing) -> None:
    claim = landing.folder / ".claim"
    claim.mkdir()
    (claim / f"{NAME}.manifest.json").write_text("old")
    landing.recover()
    assert names(landing.folder) == NAMES
    assert (landing.folder / f"{NAME}.manifest.json").read_text() != "old"


def test_setting_aside_is_finished_whenever_it_is_killed(killed) -> None:
    for folder in killed("rejected"):
        steps.rejected(folder)
        assert names(folder / "landing") == {"rejected"}
        assert names(folder / "landing" / "rejected") == {NAME}
        assert names(folder / "landing" / "rejected" / NAME) == NAMES | {f"{NAME}.reason"}


def test_what_is_given_back_is_where_it_arrived_unless_another_is_there(landing) -> None:
    path = landing.claim(NAME)
    assert landing.give_back(path)
    assert names(landing.folder) == NAMES
    path = landing.claim(NAME)
    (landing.folder / NAME).write_text("another")
    assert not landing.give_back(path)
    assert landing.in_hand() == path


def test_what_arrives_while_one_is_given_back_is_not_replaced(landing, monkeypatch) -> None:
    path, real = landing.claim(NAME), Path.rename

    def rename(source, target):
        (landing.folder / NAME).write_text("another")
        return real(source, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert not landing.give_back(path)
    assert (landing.folder / NAME).read_text() == "another"
    assert landing.in_hand() == path


def test_giving_back_is_finished_or_undone_whenever_it_is_killed(killed) -> None:
    for folder in killed("given_back"):
        landing = Landing(folder / "landing")
        landing.recover()
        if path := landing.in_hand():
            landing.give_back(path)
        assert names(landing.folder) == NAMES


def test_a_claim_that_was_cut_off_over_leftovers_of_another_is_gone_on_with(landing) -> None:
    landing.claim(NAME).rename(landing.folder / "next.csv")
    (landing.folder / ".claim").mkdir()
    (landing.folder / "next.csv").rename(landing.folder / ".claim" / "next.csv")
    landing.recover()
    assert landing.in_hand() == landing.folder / "processing" / "next.csv"
    assert names(landing.folder / "rejected" / "processing") == NAMES - {NAME}


def test_one_that_has_gone_leaves_its_reason_and_what_came_with_it(landing) -> None:
    path = landing.claim(NAME)
    path.unlink()
    landing.set_aside(path, "it has gone")
    assert names(landing.folder / "rejected" / NAME) == NAMES - {NAME} | {f"{NAME}.reason"}
    shutil.rmtree(landing.folder / "rejected")
    landing.set_aside(path, "with the folder")
    assert names(landing.folder / "rejected" / NAME) == {f"{NAME}.reason"}


def test_setting_aside_one_that_has_gone_is_finished_after_a_crash(landing) -> None:
    path = landing.claim(NAME)
    path.unlink()
    path.with_name(f"{NAME}.reason").touch()
    landing.recover()
    assert names(landing.folder) == {"rejected"}
    assert names(landing.folder / "rejected") == {NAME}


def test_a_folder_that_was_made_anew_is_not_gone_on_with(landing) -> None:
    landing.recover()
    landing.confirm()
    landing.folder.rename(landing.folder.with_name("old"))
    with pytest.raises(FileNotFoundError):
        landing.confirm()
    landing.folder.mkdir()
    with pytest.raises(HaltedError, match="landing is not the folder that it was; run again"):
        landing.confirm()


def test_a_folder_in_hand_is_no_export(landing) -> None:
    landing.claim(NAME)
    (landing.folder / "processing" / "folder").mkdir()
    assert landing.in_hand() == landing.folder / "processing" / NAME
