"""Whether an export grew out of another, or was cut from it, whatever the size of both."""

import pytest

from connectors.avion import Former, begins_with, is_beginning_of, survey
from connectors.avion import milestones as module

RECORD = b'{"SpotID":"SP%06d"}\n'


@pytest.fixture
def small_steps(monkeypatch):
    """Have exports of over a kilobyte count as large ones."""
    monkeypatch.setattr(module, "FINE_STEP", 64)
    monkeypatch.setattr(module, "STEP", 256)
    monkeypatch.setattr(module, "FINE_SIZE", 1024)


def text(count, first=0):
    return b"".join(RECORD % i for i in range(first, first + count))


@pytest.fixture
def surveyed(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return survey(path)

    return write


def former(export):
    return Former(export.checksum, export.size, export.milestones)


SIZES = [(1, 2), (1, 30), (2, 90), (30, 31), (30, 90), (60, 90), (90, 91)]


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize(("few", "many"), SIZES)
def test_one_that_grew_begins_with_what_it_was_and_that_is_its_beginning(
    few, many, surveyed
) -> None:
    short, long = surveyed("short.ndjson", text(few)), surveyed("long.ndjson", text(many))
    assert begins_with(long, former(short))
    assert not begins_with(short, former(long))
    assert is_beginning_of(short, former(long), long.path)
    assert not is_beginning_of(long, former(short), short.path)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize(("few", "many"), SIZES)
def test_another_night_is_neither(few, many, surveyed) -> None:
    short, long = surveyed("short.ndjson", text(few)), surveyed("long.ndjson", text(many, 1))
    assert not begins_with(long, former(short))
    assert not is_beginning_of(short, former(long), long.path)
    assert not begins_with(short, former(short))
    assert not is_beginning_of(short, former(short), short.path)


@pytest.mark.usefixtures("small_steps")
def test_one_without_a_milestone_whose_original_has_gone_cannot_be_told(surveyed, tmp_path) -> None:
    short, long = surveyed("short.ndjson", text(1)), surveyed("long.ndjson", text(9))
    assert not is_beginning_of(short, former(long), tmp_path / "gone")


def test_everything_begins_with_nothing_which_says_nothing(surveyed) -> None:
    empty, some = surveyed("empty.ndjson", b""), surveyed("some.ndjson", text(3))
    assert not begins_with(some, former(empty))
    assert not is_beginning_of(empty, former(some), some.path)
