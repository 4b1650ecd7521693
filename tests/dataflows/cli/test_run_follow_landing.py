"""What else happens in a landing folder: companions too soon or too late, the folder itself."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import pytest

from tests.external.ports import free_port
from tests.processes import ROOT

New = Callable[..., Any]


def stop(running: Any) -> str:
    """End it as an operator would, and return what it said."""
    done = running.finish(signal.SIGTERM)
    assert done.code == 75, done.err
    return str(done.err)


def test_a_manifest_that_comes_before_the_last_bytes_is_no_reason_to_set_aside(
    landing: New,
) -> None:
    one = landing()
    whole = one.put("day.ndjson", 60, seed=1)
    content, manifest = whole.read_bytes(), one.announce(whole)
    whole.write_bytes(content[:5000])
    os.utime(manifest)
    running = one.start("--settle-seconds", "2")
    running.until(lambda: "day.ndjson may not be whole yet" in running.err)
    one.put("next.ndjson", 20, ".done", seed=2)
    one.until(running, "next.ndjson")
    whole.write_bytes(content)
    one.until(running, "day.ndjson")
    stop(running)
    assert one.left() == []
    one.assert_exact(80, "day.ndjson", "next.ndjson")


def test_one_that_stays_what_its_manifest_does_not_say_is_set_aside_when_it_is_quiet(
    landing: New,
) -> None:
    one = landing()
    one.announce(one.put("day.ndjson", 60, seed=1), records=61)
    running = one.start("--settle-seconds", "1.5", "--log-json")
    running.until(one.reason("day.ndjson").exists)
    events = stop(running)
    assert events.count('"event": "not whole yet"') == 1
    assert "says 61" in one.reason("day.ndjson").read_text()
    assert not one.api.spots()


def test_a_manifest_that_comes_too_late_goes_to_its_export_and_not_with_the_next(
    landing: New,
) -> None:
    one = landing()
    content = one.put("day.ndjson", 30, ".done", seed=1).read_bytes()
    running = one.start()
    one.until(running, "day.ndjson")
    place = one.place("day.ndjson").parent
    late = one.folder / "late.part"
    late.write_bytes(content)
    manifest = one.announce(late)
    late.unlink()
    one.put("day.ndjson", 40, seed=2)
    manifest.rename(one.folder / "day.ndjson.manifest.json")
    running.until(lambda: len(list(one.archive.glob("*/export/day.ndjson"))) == 2)
    stop(running)
    assert (place / "day.ndjson.manifest.json").exists()
    assert one.left() == []
    assert len(one.api.spots()) == 70


def test_a_folder_that_is_made_anew_while_it_is_followed_ends_that_in_one_line(
    landing: New,
) -> None:
    one = landing()
    running = one.start()
    running.until(lambda: "waiting for exports" in running.err)
    one.folder.rename(one.folder.with_name("old"))
    one.folder.mkdir()
    done = running.finish()
    assert done.code == 1
    words = ("landing is not the folder that it was", "landing: No such file or directory")
    assert any(word in done.err.splitlines()[-1] for word in words)
    running = one.start()
    one.put("day.ndjson", 20, ".done", seed=1)
    one.until(running, "day.ndjson")
    stop(running)
    one.assert_exact(20, "day.ndjson")


def test_a_manifest_that_cannot_be_read_stops_nobody_and_a_pipe_is_not_waited_for(
    landing: New,
) -> None:
    one = landing()
    (one.folder / "gone.ndjson.manifest.json").write_text("[" * 60_000)
    os.mkfifo(one.folder / "pipe.ndjson.manifest.json")
    one.put("day.ndjson", 20, seed=1)
    (one.folder / "day.ndjson.manifest.json").write_text('{"records": 20, "sha256": "\\ud800"}')
    one.put("next.ndjson", 20, ".done", seed=2)
    running = one.start()
    one.until(running, "next.ndjson")
    running.until(one.reason("day.ndjson").exists)
    stop(running)
    assert "day.ndjson.manifest.json cannot be used" in one.reason("day.ndjson").read_text()


@pytest.mark.parametrize("own", ["processing", "rejected", ".claim", ".gone", "rejected/deeper"])
def test_an_archive_where_exports_come_and_go_is_refused(own: str, landing: New) -> None:
    one = landing()
    one.archive = one.folder / own
    done = one.start().finish()
    assert done.code == 2
    assert (
        f"{one.archive} lies in {one.folder / own.split('/', maxsplit=1)[0]}, where exports"
        in done.refusal
    )


def test_the_page_tells_what_waits_and_what_was_set_aside_before_any_run(landing: New) -> None:
    one = landing()
    address = f"127.0.0.1:{free_port()}"
    one.put("quiet.ndjson", 20, seed=1)
    (one.folder / "bad.csv").write_text("Spot\n1\n")
    (one.folder / "bad.csv.done").touch()
    running = one.start("--page", address, "--settle-seconds", "60")

    def told() -> str:
        return str(urlopen(f"http://{address}/metrics").read().decode())

    running.until(lambda: "waiting for exports" in running.err)
    assert "avstar_exports_set_aside_total 0.0" in told()
    running.until(lambda: "avstar_exports_waiting 2.0" in told())
    stop(running)
    running = one.start("--page", address)
    one.until(running, "quiet.ndjson")
    running.until(lambda: "avstar_exports_set_aside_total 1.0" in told())
    assert "avstar_exports_waiting 0.0" in told()
    stop(running)


def test_each_export_has_the_deadline_and_is_warned_of_by_itself(
    landing: New, tmp_path: Path
) -> None:
    one = landing()
    soon = datetime.now(timezone.utc) + timedelta(minutes=2)
    for number, name in enumerate(("a.ndjson", "b.ndjson")):
        one.put(name, 5, ".done", seed=number)
    one.put("long.ndjson", 4000, ".done", seed=3)
    options = ("--deadline", f"{soon:%H:%M}", "--timezone", "UTC", "--rate", "10/1", "--log-json")
    running = one.start(*options, "--checkpoint-records", "10")
    running.until(lambda: '"event": "deadline at risk"' in running.err)
    assert one.place("a.ndjson")
    assert one.place("b.ndjson")
    assert running.err.count('"event": "deadline at risk"') == 1
    running.process.kill()


def test_what_is_written_to_one_that_was_archived_already_is_told(landing: New) -> None:
    one = landing()
    whole = one.put("day.ndjson", 30, seed=1)
    with whole.open("ab") as writer:
        running = one.start("--settle-seconds", "5")
        one.until(running, "day.ndjson")
        writer.write(b"{}\n")
    running.until(one.reason("day.ndjson").exists)
    stop(running)
    assert "was written to after it had been archived" in one.reason("day.ndjson").read_text()


@pytest.fixture
def elsewhere(landing: New) -> Iterator[New]:
    """Have the archive on another disk than the landing folder."""
    memory = Path("/dev/shm")
    one = landing()
    if not memory.is_dir() or memory.stat().st_dev == one.folder.stat().st_dev:
        pytest.skip("there is no second file system: /dev/shm is none, or the one of TMPDIR")
    with TemporaryDirectory(dir=memory) as folder:
        one.archive = Path(folder) / "archive"
        yield one


def test_what_is_written_to_one_that_was_copied_to_another_disk_is_kept_and_told(
    elsewhere: Any,
) -> None:
    one, address = elsewhere, f"127.0.0.1:{free_port()}"
    whole = one.put("day.ndjson", 30, seed=1)
    content, more = whole.read_bytes(), b'{"SpotID": "more"}\n'
    with whole.open("ab") as writer:
        running = one.start("--settle-seconds", "3", "--page", address)
        running.until(lambda: "archived as" in running.err)
        writer.write(more)
    running.until(one.reason("day.ndjson").exists)
    metrics = f"http://{address}/metrics"
    counted = b"avstar_exports_set_aside_total 1.0"
    running.until(lambda: counted in urlopen(metrics).read())
    stop(running)
    assert "was written to after it had been archived" in one.reason("day.ndjson").read_text()
    assert (one.folder / "rejected" / "day.ndjson" / "day.ndjson").read_bytes() == content + more
    assert one.place("day.ndjson").read_bytes() == content
    assert one.left() == ["rejected"]


def test_so_is_what_is_written_to_it_while_nobody_follows(elsewhere: Any) -> None:
    one = elsewhere
    for name, seed in (("day.ndjson", 1), ("quiet.ndjson", 2)):
        one.put(name, 30, ".done", seed=seed)
    running = one.start("--settle-seconds", "60")
    running.until(lambda: running.err.count("archived as") == 2)
    stop(running)
    [day, _quiet] = sorted((one.folder / ".gone").glob("*/*.ndjson"))
    with day.open("ab") as writer:
        writer.write(b"{}\n")
    running = one.start("--settle-seconds", "1")
    running.until(one.reason("day.ndjson").exists)
    running.until(lambda: one.left() == ["rejected"])
    stop(running)
    assert one.spots_once() == 60


def test_what_is_left_alone_is_told_once_and_counted(landing: New) -> None:
    one, address = landing(), f"127.0.0.1:{free_port()}"
    dated = one.put("dated.ndjson", 5, seed=1).rename(one.archive.with_name("dated.ndjson"))
    (one.folder / "tomorrow.ndjson").symlink_to(dated)
    (one.folder / "tomorrow.ndjson.done").touch()
    (one.folder / "turns.ndjson").symlink_to("turns.ndjson")
    (one.folder / "empty.csv").touch()
    (one.folder / "folder").mkdir()
    one.put("next.ndjson", 20, ".done", seed=2)
    running = one.start("--page", address)
    one.until(running, "next.ndjson")
    told = {
        "tomorrow.ndjson is left alone: it is a link",
        "turns.ndjson is left alone: it is a link",
        "empty.csv is left alone: it is empty; when that is all of it, say so (empty.csv.done)",
    }
    running.until(lambda: all(words in running.err for words in told))
    metrics = f"http://{address}/metrics"
    running.until(lambda: b"avstar_exports_waiting 3.0" in urlopen(metrics).read())
    stop(running)
    assert all(running.err.count(words) == 1 for words in told)
    assert "folder is left alone" not in running.err
    assert one.spots_once() == 20


WRITES = """
from dataflows.follow.landing import Landing

real = Landing.put_by

def put_by(landing, export, *more):
    with export.open("ab") as writer:
        writer.write(b"{}\\n")
    return real(landing, export, *more)

Landing.put_by = put_by
"""


def test_so_is_what_is_written_to_it_behind_the_last_look_of_the_copying(
    elsewhere: Any, tmp_path: Path
) -> None:
    one = elsewhere
    (tmp_path / "writes").mkdir()
    (tmp_path / "writes" / "sitecustomize.py").write_text(WRITES)
    one.put("day.ndjson", 30, ".done", seed=1)
    running = one.start(PYTHONPATH=os.pathsep.join([str(tmp_path / "writes"), str(ROOT)]))
    running.until(one.reason("day.ndjson").exists)
    stop(running)
    assert one.place("day.ndjson")
    assert (one.folder / "rejected" / "day.ndjson" / "day.ndjson").read_bytes().endswith(b"{}\n")
