"""The export is replaced, edited, cut or removed while its upload is under way."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest

New = Callable[..., Any]

SLOW = ("--latency", "0.02")
SMALL = ("--checkpoint-records", "60")


def replace(path: Path, content: bytes) -> None:
    """As who writes a whole file beside it, and renames."""
    path.with_name("new").write_bytes(content)
    path.with_name("new").replace(path)


def edit(path: Path, content: bytes) -> None:
    """In place, and sets the time back, as `rsync --times --inplace` does."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def other(content: bytes) -> bytes:
    """Another export of the same size: one record of the part that was sent has another client."""
    return content.replace(b"Acme Motors", b"Acme Rotors", 1)


CHANGES = {
    "replaced": (replace, other, "has changed: the first difference lies between byte"),
    "edited": (edit, other, "has changed: the first difference lies between byte"),
    "appended": (edit, lambda content: content + content[-200:], "has grown by 200 bytes"),
    "cut": (edit, lambda content: content[:100_000], "is cut to 100,000 of its"),
    "removed": (lambda path, _: path.unlink(), bytes, "cannot be read any more: No such file"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_an_export_that_changes_meanwhile_halts_the_run_which_goes_on_once_it_is_back(
    kind: str, api: New, new_export: New, new_upload: New
) -> None:
    change, to, words = CHANGES[kind]
    upload = new_upload(api(*SLOW), new_export(900))
    path, ledger = upload.exports[0], upload.ledger()
    content = path.read_bytes()
    running = upload.start(*SMALL)
    running.until(lambda: upload.accepted > 300)
    change(path, to(content))
    halted = running.finish()
    assert halted.code == 1
    assert f"{path} {words}" in halted.refusal
    assert "back and run again to go on" in halted.refusal
    assert upload.accepted < 890
    assert read_manifest(ledger) is None

    assert upload(*SMALL).code == 2  # and stays refused until it is back
    path.write_bytes(content)
    assert upload(*SMALL).code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["duplicates"] == 0  # what was read of it was never sent


@pytest.mark.parametrize("workers", [1, 2])
def test_an_export_that_is_touched_or_written_again_alike_goes_on(
    workers: int, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(*SLOW), new_export(900))
    path = upload.exports[0]
    running = upload.start(*SMALL, "--workers", workers)
    running.until(lambda: upload.accepted > 200)
    os.utime(path, (1, 1))
    running.until(lambda: upload.accepted > 400)
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").replace(path)
    assert running.finish().code == 0
    upload.assert_exact(890)
    assert upload.api.stats()["requests"] == 890


def test_an_export_that_changes_behind_the_last_batch_is_not_sealed(
    api: New, new_export: New, new_upload: New
) -> None:
    """All is read and being sent: its ledger could not be verified against the file any more."""
    upload = new_upload(api("--latency", "0.5"), new_export(50))
    path, ledger = upload.exports[0], upload.ledger()
    content = path.read_bytes()
    running = upload.start("--concurrency", "10")
    running.until(lambda: upload.accepted > 0)
    path.write_bytes(content + b"\n")
    halted = running.finish()
    assert halted.code == 1
    assert f"{path} has grown by 1 bytes" in halted.refusal
    assert read_manifest(ledger) is None
    path.write_bytes(content)
    assert upload("--concurrency", "50").code == 0
    upload.assert_exact(40)


def test_a_file_that_is_still_written_is_not_begun_with(
    api: New, new_export: New, new_upload: New, tmp_path: Path
) -> None:
    """Large enough for the survey to last while more is written."""
    upload = new_upload(api(), new_export(60_000))
    path = upload.exports[0]
    row = path.read_bytes().splitlines(keepends=True)[0]
    running = upload.start("--validate-only")
    while running.process.poll() is None:
        with path.open("ab") as file:
            file.write(row)
    refused = running.finish()
    assert refused.code in {1, 2}
    assert f"{path} " in refused.refusal
    assert not list(tmp_path.glob("out/*/manifest.json"))
