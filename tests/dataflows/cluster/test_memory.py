"""Memory does not grow with the export while the API is slow: nothing is read ahead of it."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

New = Callable[..., Any]

SLOW = ("--latency", "0.3")
SMALL, TIMES = 30_000, 10
"""Records of about 4 MB, which one lane reads; ten times that is read by all lanes."""

ROOM = 30 << 20
"""Bytes by which peaks may differ: the large one has batches and blocks of several lanes. Read
ahead, it would take some 100 MB."""

WAYS = {"1 worker": (1, 1), "2 workers": (1, 2), "2 processes": (2, 1)}


def peak(pid: int) -> int:
    """Most memory that a process had in RAM, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


KILL = signal.SIGKILL


@pytest.fixture
def exports(new_export: New, tmp_path: Path) -> tuple[Path, Path]:
    """A small export, and one that repeats it; only its beginning will be uploaded."""
    small = new_export(SMALL, "small.ndjson")
    large = tmp_path / "large.ndjson"
    with large.open("wb") as file:
        for _ in range(TIMES):
            file.write(small.read_bytes())
    return small, large


@pytest.mark.parametrize(("processes", "workers"), WAYS.values(), ids=WAYS)
def test_a_slow_api_holds_up_the_reading_and_not_the_memory(
    processes: int,
    workers: int,
    api: New,
    exports: Any,
    new_upload: New,
    new_fleet: New,
    divided: New,
) -> None:
    fleets = [new_fleet(new_upload(api(*SLOW), export), processes) for export in exports]
    for fleet, export in zip(fleets, exports, strict=True):
        fleet.start("--workers", workers, "--out", export.with_suffix(".out"), **divided(5 << 20))
    for fleet in fleets:
        fleet.until_accepted(150 - fleet.upload.accepted)
    few, many = (max(peak(one.process.pid) for one in fleet.processes.values()) for fleet in fleets)
    for fleet in fleets:
        assert {one.code for one in fleet.finish(dict.fromkeys(fleet.processes, KILL))} == {-9}
    print(f"peaks: {few >> 20} MB and {many >> 20} MB")  # noqa: T201 - to be seen if it fails
    assert many <= few + ROOM
