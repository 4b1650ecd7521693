import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connectors.ledger import read_checkpoint
from connectors.ledger.checkpoint import Checkpoint
from connectors.records import Export, Span, Split, Tally
from dataflows.meter import Meter
from dataflows.observed import observed
from dataflows.settings import load_settings

EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 1000, 10, (Split(0, 1000, 1),))


def test_a_run_begins_with_what_the_ledger_has_and_keeps_its_deadline(tmp_path: Path) -> None:
    began = datetime.now(timezone.utc) - timedelta(hours=20)
    passed = datetime.now().astimezone() - timedelta(minutes=5)
    (tmp_path / EXPORT.key).mkdir()
    Checkpoint(
        mode="upload",
        export=EXPORT.key,
        checksum=EXPORT.checksum,
        bytes=1000,
        total_records=10,
        settled=4,
        counts={},
        lanes={},
        receipts_bytes=0,
        dead_letters_bytes=0,
        started_at=began.isoformat(),
        updated_at=began.isoformat(),
    ).write(tmp_path / EXPORT.key)
    meter = Meter()
    settings = load_settings(out=tmp_path, deadline=passed.strftime("%H:%M"))
    with observed(settings, [EXPORT], meter):
        assert meter.forecast
        assert (meter.before, meter.total_records) == (4, 10)
        left = meter.forecast.left(time.time())
    assert left is not None
    assert -360 <= left < 0, "it was missed, and no other day's is meant"


def test_a_check_begins_anew(tmp_path: Path) -> None:
    meter = Meter()
    settings = load_settings(out=tmp_path, validate_only=True)
    assert read_checkpoint(tmp_path / EXPORT.key) is None
    with observed(settings, [EXPORT], meter):
        meter.checked("count", Tally(Span("day", "ab" * 32, "lane-0", 0, 1, 2), 4, 3, 0))
        assert meter.progress == 4


def test_that_a_run_will_be_late_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dataflows.observed._LOOK_SECONDS", 0.001)
    monkeypatch.setattr("dataflows.forecast._FIRST_SECONDS", 0.0)
    told: list[str] = []
    soon = datetime.now().astimezone() + timedelta(minutes=2)
    settings = load_settings(out=tmp_path, deadline=soon.strftime("%H:%M"))
    with observed(settings, [replace(EXPORT, records=10**9)], Meter(), told.append):
        while not told:
            time.sleep(0.01)
        time.sleep(0.05)
    [line] = told
    assert line.startswith("the deadline is at risk: playout in 0:0")
    assert [record.message for record in caplog.records] == ["deadline at risk"]
