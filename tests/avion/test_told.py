"""A manifest is read whatever it is: nobody knows who writes into the folder of the exports."""

import json
import os
from pathlib import Path

import pytest

from connectors.avion import Told, read_told
from connectors.errors import RefusedError

SHA = "0123456789abcdef" * 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.ndjson.manifest.json"


def refusal(path: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        read_told(path)
    words = str(caught.value)
    assert words.encode()
    assert len(words) < 500 + len(str(path))
    assert "\n" not in words
    return words


def test_one_says_what_it_holds_and_none_says_nothing(path: Path) -> None:
    assert read_told(path) is None
    content = json.dumps({"records": 2, "sha256": SHA.upper(), "by": "Avion"}).encode()
    path.write_bytes(content)
    assert read_told(path) == Told(2, SHA, content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 60_000,
        b'{"records": 1, "sha256": "\\ud800"}',
        b'{"\\ud800": 1}',
        b"\xff" * 60_000,
        b'{"records": 1e400, "sha256": "x"}',
        b'{"records": %s, "sha256": "x"}' % (b"9" * 5000),
        b'{"records": 1, "sha256": "%s"}' % (b"x" * 60_000),
        b'{"records": 1, "sha256": 5}',
        b'{"records": 1, "sha256": null}',
        b'{"records": 1, "sha256": ["a"]}',
        b"null",
    ],
    ids=lambda content: repr(content[:40]),
)
def test_what_cannot_be_used_is_refused_in_a_line(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert refusal(path).startswith(f"{path} cannot be used: ")


def test_nothing_waits_for_whoever_writes_to_a_pipe(path: Path) -> None:
    os.mkfifo(path)
    assert "is no file" in refusal(path)


def test_a_folder_and_a_device_are_none(path: Path) -> None:
    path.symlink_to("/dev/zero")
    assert "is no file" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "cannot be read: Is a directory" in refusal(path)


def test_of_a_long_one_no_more_is_read_than_must_be(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "is of more than 65,536 bytes" in refusal(path)
