"""Disks that are full or read-only: one clear line, and once they are mended an exact end."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

New = Callable[..., Any]

SMALL = ("--checkpoint-records", "50")
PLENTY = "size=16m"


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leave(self, room: int) -> None:
        """Leave so many KiB free."""
        words = ["df", "--block-size=1K", "--output=used", self.folder]
        used = int(subprocess.run(words, check=True, capture_output=True).stdout.split()[-1])
        self.remount(f"size={used + room}k")

    def remount(self, *options: str) -> None:
        _mount("-o", ",".join(["remount", *options]), self.folder)


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def new_disk(tmp_path: Path) -> Iterator[Callable[[Path], Disk]]:
    with ExitStack() as stack:

        def make(folder: Path) -> Disk:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                _mount("-t", "tmpfs", "-o", PLENTY, "tmpfs", folder)
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                pytest.skip(f"a file system cannot be mounted here: {error}")
            stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
            return Disk(folder)

        yield make


def stopped(upload: Any, *options: object) -> Any:
    """Upload about a third, and stop."""
    running = upload.start(*SMALL, *options)
    running.until(lambda: upload.accepted > 250)
    assert running.finish(signal.SIGTERM).code == 75
    return upload


def goes_on(upload: Any, *options: object) -> None:
    assert upload(*SMALL, *options).code == 0
    upload.assert_exact(890)


@pytest.mark.parametrize("room", [0, 8, 24, 60])
@pytest.mark.parametrize("where", ["ledger", "state"])
def test_a_disk_that_gets_full_halts_the_run_and_loses_nothing(
    where: str, room: int, api: New, new_export: New, new_upload: New, new_disk: New, tmp_path: Path
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(900))
    folder = upload.out if where == "ledger" else tmp_path / "volume"
    disk, state = new_disk(folder), ("--state", tmp_path / "volume")
    stopped(upload, *state)
    rows = upload.rows("receipts")
    disk.leave(room)
    for workers in (1, 2):  # and again, as a machine would that knows no better
        halted = upload(*SMALL, *state, "--workers", workers)
        assert halted.code == 1
        assert f"avstar: {folder}" in halted.refusal
        assert " cannot be written: " in halted.refusal
        assert "full" in halted.refusal or "No space left on device" in halted.refusal
        assert "mend that and run again to go on: nothing is lost" in halted.refusal
    disk.remount(PLENTY)
    goes_on(upload, *state)
    assert upload.rows("receipts")[: len(rows)] == rows


def test_ledger_and_state_on_one_full_disk_go_on_as_well(
    api: New, new_export: New, new_upload: New, new_disk: New
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(900))
    disk = new_disk(upload.out)
    stopped(upload)
    disk.leave(90)
    halted = upload(*SMALL)
    assert halted.code == 1
    assert "mend that and run again" in halted.refusal
    disk.remount(PLENTY)
    goes_on(upload)


@pytest.mark.parametrize("room", [4, 40, 84])
def test_without_room_for_a_new_store_nothing_is_sent(
    room: int, api: New, new_export: New, new_upload: New, new_disk: New, tmp_path: Path
) -> None:
    upload = new_upload(api(), new_export(900))
    disk, state = new_disk(tmp_path / "volume"), ("--state", tmp_path / "volume")
    disk.leave(room)
    halted = upload(*state)
    assert halted.code == 1
    assert f"{tmp_path / 'volume'} cannot be written: " in halted.refusal
    assert upload.api.stats()["requests"] == 0
    disk.remount(PLENTY)
    goes_on(upload, *state)


@pytest.mark.parametrize("where", ["ledger", "state"])
@pytest.mark.parametrize("begun", [False, True])
def test_a_read_only_disk_is_refused_and_nothing_is_sent(
    where: str,
    api: New,
    new_export: New,
    new_upload: New,
    new_disk: New,
    tmp_path: Path,
    *,
    begun: bool,
) -> None:
    upload = new_upload(api("--latency", "0.02"), new_export(900))
    folder = upload.out if where == "ledger" else tmp_path / "volume"
    disk, state = new_disk(folder), ("--state", tmp_path / "volume")
    if begun:
        stopped(upload, *state)
    before = upload.api.stats()["requests"]
    disk.remount("ro")
    refused = upload(*SMALL, *state)
    assert refused.code == 2
    assert f"{folder}" in refused.refusal
    assert "cannot be written" in refused.refusal
    assert upload.api.stats()["requests"] == before
    disk.remount("rw")
    goes_on(upload, *state)
