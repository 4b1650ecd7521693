import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.records import Export, Receipt, Span, Split, Tally
from dataflows.forecast import Forecast
from dataflows.meter import Meter
from dataflows.screen import Screen, _View
from dataflows.settings import load_settings
from tests.dataflows.test_meter import TRAIL, Lane

ROOT = Path(__file__).parents[2]
EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 1000, 10, (Split(0, 1000, 1),))
RECEIPT = Receipt(1, 0, "SP1", "K", "t", "f" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw")
TALLY = Tally(Span("day", "ab" * 32, "lane-0", 0, 1, 2), 4, 3, 0)


def view(*, total: int = 10, before: int = 0, validating: bool = False) -> _View:
    meter = Meter()
    meter.checked("count", TALLY)
    meter.opened(Lane())
    meter.settled(TRAIL, RECEIPT)
    return _View(meter, total, before, validating=validating)


def test_progress_counts_what_is_settled() -> None:
    line = view().line()
    assert line.startswith("2 of 10 records · ")
    assert "50% of quota · 1 dead letters · 00:00:00 left" in line


def test_progress_goes_on_where_the_run_before_ended() -> None:
    assert view(total=1000, before=600).line().startswith("602 of 1,000 records · ")


def test_what_repeats_after_a_crash_never_counts_beyond_the_whole() -> None:
    assert view(before=10).done == 10


def test_progress_tells_how_it_stands_with_the_deadline() -> None:
    shown = view()
    assert "playout" not in shown.line()
    shown._meter.forecast = Forecast(10, time.time() + 3600.5)
    assert shown.line().endswith(" left · playout in 1:00:00")
    assert shown.told().endswith(" dead letters · playout in 1:00:00")


def test_a_check_is_done_with_a_record_when_it_is_checked() -> None:
    meter = Meter()
    meter.checked("count", TALLY)
    checked = _View(meter, 10, 0, validating=True)
    assert checked.done == 4
    assert "quota" not in checked.line()


def test_before_anything_is_settled_nobody_knows_how_long_it_takes() -> None:
    assert _View(Meter(), 10, 5, validating=False).line().endswith("unknown left")


def test_a_line_of_progress_stays_one_line_in_a_log(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dataflows.screen._LINE_SECONDS", 0.001)
    meter = Meter()
    meter.outcomes["accepted"], meter.failed = 987_654_321, 123_456_789
    seen = ""
    with Screen(load_settings(out=tmp_path)).running(
        [replace(EXPORT, records=2_000_000_000)], meter
    ):
        while "left" not in seen:
            seen += capfd.readouterr().err
    first = seen.splitlines()[0]
    assert first.startswith("1,111,111,110 of 2,000,000,000 records · ")
    assert first.endswith(" left")


@pytest.mark.parametrize("name", ["day.ndjson", "a [bold] name.ndjson", "x" * 200])
def test_a_settled_export_is_told_in_one_line(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    export = Export(Path(name), "ndjson", "ab" * 32, 1, 1, ())
    Screen(load_settings(out="out")).sealed_already(export)
    assert capfd.readouterr().err == f"{name} is settled already; nothing was sent\n"


def test_nothing_disturbs_the_json_lines(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    screen = Screen(load_settings(out=tmp_path, log_json=True))
    screen.sealed_already(EXPORT)
    with screen.surveying([]) as surveyed, screen.running([EXPORT], Meter()):
        surveyed(Path("day.ndjson"), 1)
    assert capfd.readouterr() == ("", "")


def test_a_person_at_a_terminal_sees_a_bar(new_export: Callable[..., Path], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    export = new_export(500, "day [red].ndjson")  # no markup, whatever it looks like
    words = ["run", export, "--out", tmp_path / "out", "--validate-only"]
    environment: dict[str, Any] = {**os.environ, "TERM": "xterm", "AVSTAR_WORKERS": "1"}
    for name in ("NO_COLOR", "CI", "TTY_COMPATIBLE"):
        environment.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "dataflows.cli", *map(str, words)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while block := os.read(ours, 65536):
                seen += block
        except OSError:  # how a terminal says that the other side is gone
            pass
        out = process.stdout.read() if process.stdout else b""
    os.close(ours)
    assert process.returncode == 0
    text = seen.decode()
    assert "survey day [red].ndjson" in text
    assert "upload" not in text
    assert "500/500" in text
    assert b"\x1b" not in out
    assert b"records       500" in out
