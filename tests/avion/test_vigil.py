import os

import pytest

from connectors.avion import survey
from connectors.avion import vigil as module
from connectors.avion.vigil import Vigil
from connectors.errors import HaltedError
from connectors.records import Export, Split


@pytest.fixture
def path(write, spot, to_ndjson):
    return write("day.ndjson", to_ndjson([spot(i) for i in range(50)]))


@pytest.fixture
def reads(monkeypatch):
    """Count how often an export is read again."""
    found, real = [], module.difference

    def counted(path, former):
        found.append(path)
        return real(path, former)

    monkeypatch.setattr(module, "difference", counted)
    return found


def test_an_export_that_nobody_touched_is_not_read_again(path, reads):
    vigil, export = Vigil(), survey(path)
    for _ in range(3):
        vigil.confirm(export)
    assert not reads


def test_one_that_was_touched_or_written_again_alike_is_read_once_and_goes_on(path, reads):
    vigil, export = Vigil(), survey(path)
    os.utime(path, (1, 1))
    vigil.confirm(export)
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    for _ in range(3):
        vigil.confirm(export)
    assert len(reads) == 2


CHANGES = {
    "edited": lambda text: text.replace(b"SP000030", b"SP000031"),
    "cut": lambda text: text[:-1],
    "grown": lambda text: text + b"\n",
}


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("how", ["in place", "replaced"])
def test_one_that_changed_halts_the_run_in_one_line(path, kind, how):
    vigil, export, content = Vigil(), survey(path), path.read_bytes()
    vigil.confirm(export)
    times = path.stat()
    target = path if how == "in place" else path.with_name("new")
    target.write_bytes(CHANGES[kind](content))
    target.replace(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as some copying tools do
    with pytest.raises(HaltedError) as caught:
        vigil.confirm(export)
    words = str(caught.value)
    assert words.startswith(f"{path} ")
    assert words.endswith(", while it was read; put the old file back and run again to go on")
    path.write_bytes(content)
    vigil.confirm(export)


def test_one_that_is_gone_halts_the_run(path):
    vigil, export = Vigil(), survey(path)
    path.unlink()
    with pytest.raises(HaltedError) as caught:
        vigil.confirm(export)
    assert str(caught.value) == (
        f"{path} cannot be read any more: No such file or directory; put it back and run again to "
        "go on"
    )


def test_an_export_that_nobody_surveyed_cannot_be_held_to_anything(tmp_path):
    Vigil().confirm(Export(tmp_path / "gone", "ndjson", "ab" * 32, 9, 1, (Split(0, 9, 1),)))
