"""What happens to exports in a folder that is followed; nothing of it stops the others."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT, TOKEN, Running

New = Callable[..., Any]
SLOW, SMALL = ("--latency", "0.2"), ("--checkpoint-records", "50")
FAILS = """
import errno, os
from pathlib import Path

real = Path.open

def fails(path, mode="r", *more, **options):
    if "r" in mode and path.match({pattern!r}) and os.path.exists({switch!r}):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    return real(path, mode, *more, **options)

Path.open = fails
"""


@pytest.fixture
def failing(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Make the variables by which files cannot be read while `bad` is there."""

    def variables(pattern: str) -> dict[str, str]:
        folder = tmp_path / "fails"
        folder.mkdir()
        (folder / "bad").touch()
        text = FAILS.format(pattern=pattern, switch=str(folder / "bad"))
        (folder / "sitecustomize.py").write_text(text)
        return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

    return variables


def stop(running: Any) -> str:
    """End it as an operator would, and return what it said."""
    done = running.finish(signal.SIGTERM)
    assert done.code == 75, done.err
    return str(done.err)


def test_one_that_grew_between_its_seal_and_its_move_is_set_aside(landing: New, dying: New) -> None:
    one = landing()
    one.put("day.ndjson", 50, ".done", seed=1)
    assert one.start(**dying("dataflows.follow.first", "archive")).finish().code == -9
    content = (one.folder / "processing" / "day.ndjson").read_bytes()
    more = one.put("more.ndjson", 30, seed=2).read_bytes()
    (one.folder / "processing" / "day.ndjson").write_bytes(content + more)
    (one.folder / "more.ndjson").unlink()
    one.put("next.ndjson", 20, ".done", seed=3)
    running = one.start()
    one.until(running, "next.ndjson")
    running.until(one.reason("day.ndjson").exists)
    stop(running)
    assert "begins with the 50 records whose ledger is" in one.reason("day.ndjson").read_text()
    assert one.spots_once() == 70


def test_a_name_that_cannot_be_written_down_stops_no_other(landing: New) -> None:
    one = landing()
    name = os.fsdecode(b"caf\xe9.csv")
    one.put(name, 10, ".done", seed=1)
    one.put("next.ndjson", 20, ".done", seed=2)
    running = one.start("--log-json")
    one.until(running, "next.ndjson")
    running.until(one.reason(name).exists)
    stop(running)
    assert "has a name that cannot be written down; rename it" in one.reason(name).read_text()
    assert one.spots_once() == 20


@pytest.mark.parametrize("kind", ["packed", "written to"])
def test_the_same_once_more_is_set_aside_where_the_archived_one_is_no_more_what_it_was(
    kind: str, landing: New
) -> None:
    one = landing()
    content = one.put("day.ndjson", 30, ".done", seed=1).read_bytes()
    running = one.start()
    running.until(lambda: "archived as" in running.err)
    place = one.place("day.ndjson")
    stop(running)
    if kind == "packed":
        place.rename(f"{place}.gz")
    else:
        grow(place)
    (one.folder / "day.ndjson").write_bytes(content)
    (one.folder / "day.ndjson.done").touch()
    one.put("next.ndjson", 20, ".done", seed=2)
    running = one.start()
    one.until(running, "next.ndjson")
    stop(running)
    assert "is not what was archived any more" in one.reason("day.ndjson").read_text()
    assert one.spots_once() == 50


def test_one_that_was_edited_between_its_seal_and_its_move_is_set_aside(
    landing: New, dying: New
) -> None:
    one = landing()
    one.put("day.ndjson", 50, ".done", seed=1)
    assert one.start(**dying("dataflows.follow.first", "archive")).finish().code == -9
    in_hand = one.folder / "processing" / "day.ndjson"
    in_hand.write_bytes(in_hand.read_bytes().replace(b"}\n", b"} \n", 1))
    one.put("next.ndjson", 20, ".done", seed=3)
    running = one.start()
    one.until(running, "next.ndjson")
    running.until(one.reason("day.ndjson").exists)
    stop(running)
    assert "delivered under other request IDs; that is done" in one.reason("day.ndjson").read_text()
    assert one.spots_once() == 70


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"{}\n")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda path: os.truncate(path, path.stat().st_size // 2), "is cut to"),
    "grown": (grow, "has grown by 3 bytes"),
    "gone": (Path.unlink, "cannot be read any more: No such file or directory"),
}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", CHANGES)
def test_one_that_changes_while_it_is_read_is_set_aside_and_the_next_goes_on(
    kind: str, workers: int, landing: New
) -> None:
    one = landing(*SLOW)
    one.put("day.ndjson", 400, ".done", seed=1)
    one.put("next.ndjson", 20, ".done", seed=2)
    running = one.start(*SMALL, "--workers", workers)
    one.until_accepted(running, 70)
    change, words = CHANGES[kind]
    change(one.folder / "processing" / "day.ndjson")
    one.until(running, "next.ndjson")
    stop(running)
    assert words in one.reason("day.ndjson").read_text()
    assert one.left() == ["rejected"]
    [ledger] = one.archive.glob("day.ndjson.*")
    assert not (ledger / "manifest.json").exists()
    assert (ledger / "receipts.ndjson").stat().st_size
    assert one.spots_once() < 420


def test_a_night_that_was_not_finished_keeps_no_later_one_of_its_name_out(landing: New) -> None:
    one = landing(*SLOW)
    content = one.put("day.ndjson", 400, ".done", seed=1).read_bytes()
    running = one.start(*SMALL)
    one.until_accepted(running, 120)
    shutil.rmtree(one.folder / "processing")  # as who skips it
    running.until(one.reason("day.ndjson").exists)
    one.put("day.ndjson", 30, ".done", seed=2)  # another night
    one.until(running, "day.ndjson")
    for number, mended in enumerate([content[:-200], content + content[-90:], content[9_000:]], 2):
        (one.folder / "day.ndjson").write_bytes(mended)  # the same one, not as it was
        place = one.folder / "rejected" / f"day.ndjson.{number}" / "day.ndjson.reason"
        running.until(place.exists)
        assert "move that folder away" in place.read_text()
    before = one.spots_once()
    (one.folder / "day.ndjson").write_bytes(content)  # as it was
    running.until(lambda: len(list(one.archive.glob("*/export/day.ndjson"))) == 2)
    stop(running)
    assert before < 430 == one.spots_once()


def test_nights_without_a_record_are_archived_each_under_its_name(landing: New) -> None:
    one = landing()
    header = one.put("some.csv", 20, seed=1).read_bytes().splitlines(keepends=True)[0]
    names = [f"{station}.csv" for station in "abc"]
    for name in names:
        (one.folder / name).write_bytes(header)
    running = one.start()
    one.until(running, "some.csv", *names)
    (one.folder / "a.csv").write_bytes(header + one.place("some.csv").read_bytes()[len(header) :])
    running.until(lambda: "holds what some.csv held" in running.err)
    stop(running)
    one.assert_exact(20, "some.csv", *names)


def test_what_the_export_is_not_to_blame_for_halts_and_leaves_it_in_hand(
    landing: New, failing: New
) -> None:
    one = landing()
    one.put("day.ndjson", 30, ".done", seed=1)
    variables = failing("processing/day.ndjson")
    done = one.start(**variables).finish()
    assert done.code == 1
    assert "day.ndjson cannot be read: Input/output error; mend that and run again" in done.err
    assert one.left() == ["processing"]
    (Path(variables["PYTHONPATH"].split(os.pathsep)[0]) / "bad").unlink()
    running = one.start(**variables)
    one.until(running, "day.ndjson")
    stop(running)
    one.assert_exact(30, "day.ndjson")


def test_a_sheet_waits_while_another_is_half_sent_and_others_do_not(
    landing: New, avstar: Any
) -> None:
    one = landing(*SLOW, "--fault", "500=1")
    failing = ("--max-attempts", "1", "--breaker-failures", "1000", "--concurrency", "5")
    one.put("day.ndjson", 60, ".done", seed=1)
    running = one.start(*failing)
    one.until(running, "day.ndjson")
    sheet = one.folder / "sheet.part"
    assert avstar("dlq", "csv", one.archive, "--csv", sheet).code == 0
    one.api.faults({})
    again = ["dlq", "redrive", one.archive, "--api-url", one.api.url]
    half = avstar.start(*again, AVSTAR_CONCURRENCY="5", AVSTAR_CHECKPOINT_RECORDS="10")
    one.until_accepted(half, 15)
    half.finish(signal.SIGKILL)
    sheet.write_bytes(b"".join(sheet.read_bytes().splitlines(keepends=True)[:-1]))
    sheet.rename(one.folder / "sheet.csv")
    running.until(lambda: "sheet.csv waits: the upload of the sheet day.ndjson" in running.err)
    one.put("next.ndjson", 20, ".done", seed=2)
    one.until(running, "next.ndjson")
    stop(running)
    assert running.err.count(" waits: ") == 1
    assert one.left() == ["sheet.csv"]
    assert one.spots_once() < 80
    assert avstar(*again).code == 0
    assert one.spots_once() == 80


UNMOVED = ["setpriv", "--bounding-set=-fowner,-dac_override", "--clear-groups"]


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_one_that_may_not_be_moved_waits_and_is_told_once(landing: New, tmp_path: Path) -> None:
    """In a folder with the sticky bit, a file belongs to whoever made it."""
    one = landing()
    one.folder.chmod(0o1777)
    stuck = one.put("stuck.ndjson", 20, ".done", seed=1)
    one.put("next.ndjson", 20, ".done", seed=2)
    for path in (stuck, stuck.with_name("stuck.ndjson.done"), one.folder):
        os.chown(path, 12345, 12345)
    words = ["run", "--follow", one.folder, "--archive", one.archive, "--api-url", one.api.url]
    said = tmp_path / "said"
    with (
        said.open("wb") as err,
        subprocess.Popen(
            [*UNMOVED, sys.executable, "-m", "dataflows.cli", *map(str, words)],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "AVSTAR_TOKEN": TOKEN, "AVSTAR_RATE": "10000/0.1"},
            stderr=err,
            stdout=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            running = Running(process, Path(os.devnull), said)
            one.until(running, "next.ndjson")
            running.until(lambda: "waiting for exports" in said.read_text())
        finally:
            process.terminate()
    assert process.returncode == 75
    told = "stuck.ndjson waits: it cannot be moved: Operation not permitted"
    assert said.read_text().count(told) == 1
    assert {"stuck.ndjson", "stuck.ndjson.done"} <= set(one.left())
