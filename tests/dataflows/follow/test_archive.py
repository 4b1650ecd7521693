"""An export goes to its ledger in one step, or by a copy that is whole before it is removed."""

import pytest

from connectors.avion import survey
from connectors.errors import HaltedError
from dataflows.follow.archive import archive
from dataflows.follow.landing import Landing
from tests.dataflows.follow import steps

NAME, CONTENT = steps.NAME, steps.CONTENT


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["together", "apart"])
def test_an_export_is_archived_once_and_whole_whenever_it_is_killed(where, killed) -> None:
    for folder in killed("archived", where):
        steps.archived(folder)
        [ledger] = (folder / "archive").iterdir()
        assert contents(ledger / "export") == CONTENT
        assert not list((folder / "landing").iterdir())


@pytest.fixture
def in_hand(folder):
    landing = Landing(folder / "landing")
    export = survey(landing.claim(NAME))
    (folder / "archive" / export.key).mkdir(parents=True)
    return folder / "archive", landing, export


def test_one_that_came_again_is_removed_since_the_archive_has_it(in_hand) -> None:
    folder, landing, export = in_hand
    place = archive(folder, landing, export, lambda: None)
    (landing.folder / NAME).write_text(CONTENT[NAME])
    again = landing.claim(NAME)
    assert archive(folder, landing, survey(again), lambda: None) == place
    assert not list(landing.folder.iterdir())
    assert place.read_text() == CONTENT[NAME]


def test_it_is_kept_where_the_archive_holds_something_else(in_hand) -> None:
    folder, landing, export = in_hand
    other = folder / export.key / "export"
    other.mkdir()
    (other / NAME).write_text("something else")
    with pytest.raises(HaltedError, match=r"^\S+ is not \S+, though its ledger is; move"):
        archive(folder, landing, export, lambda: None)
    assert export.path.read_text() == CONTENT[NAME]
