import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connectors.ledger import read_checkpoint
from connectors.ledger.checkpoint import Checkpoint
from connectors.records import Export, Span, Split, Tally
from dataflows.cluster import Cluster
from dataflows.meter import Meter
from dataflows.observed import observed
from dataflows.settings import load_settings
from tests.dataflows.test_meter import RECEIPT, TRAIL

EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 1000, 10, (Split(0, 1000, 1),))


TWO = ("127.0.0.1:9", "127.0.0.1:8")


def checkpoint(out: Path, settled: int, began: datetime) -> None:
    """Write what a ledger says of the export."""
    folder = out / EXPORT.key
    folder.mkdir(exist_ok=True)
    Checkpoint(
        mode="upload",
        export=EXPORT.key,
        checksum=EXPORT.checksum,
        bytes=1000,
        total_records=10,
        settled=settled,
        counts={},
        lanes={},
        receipts_bytes=0,
        dead_letters_bytes=0,
        started_at=began.isoformat(),
        updated_at=began.isoformat(),
    ).write(folder)


def test_a_run_begins_with_what_the_ledger_has_and_keeps_its_deadline(tmp_path: Path) -> None:
    began = datetime.now(timezone.utc) - timedelta(hours=20)
    passed = datetime.now().astimezone() - timedelta(minutes=5)
    checkpoint(tmp_path, 4, began)
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
    meter = Meter()
    with observed(settings, [replace(EXPORT, records=10**9)], meter, told.append):
        meter.settled(TRAIL, RECEIPT)
        while not told:
            time.sleep(0.01)
        time.sleep(0.05)
    [line] = told
    assert line.startswith("the deadline is at risk: playout in 0:0")
    assert [record.message for record in caplog.records] == ["deadline at risk"]


def test_as_long_as_no_spot_is_settled_nobody_knows_whether_it_will_be_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.observed._LOOK_SECONDS", 0.001)
    monkeypatch.setattr("dataflows.forecast._FIRST_SECONDS", 0.0)
    told: list[str] = []
    soon = datetime.now().astimezone() + timedelta(minutes=2)
    settings, meter = load_settings(out=tmp_path, deadline=soon.strftime("%H:%M")), Meter()
    with observed(settings, [replace(EXPORT, records=10**9)], meter, told.append):
        meter.checked("count", Tally(Span("day", "ab" * 32, "lane-0", 0, 1, 2), 4, 3, 0))
        time.sleep(0.1)
        assert meter.forecast
        assert meter.forecast.needed(time.time()) is None, (
            "a bad record takes no time, and is no rate"
        )
    assert not told


def test_of_several_processes_the_first_tells_totals_and_deadline_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.observed._LOOK_SECONDS", 0.001)
    monkeypatch.setattr("dataflows.forecast._FIRST_SECONDS", 0.0)
    began = datetime.now(timezone.utc)
    checkpoint(tmp_path, 4, began)
    soon = datetime.now().astimezone() + timedelta(minutes=2)
    settings = load_settings(out=tmp_path, deadline=soon.strftime("%H:%M"))
    told: list[str] = []
    first, second = Meter(), Meter()
    with (
        observed(settings, [EXPORT], second, told.append, Cluster(1, TWO)),
        observed(settings, [EXPORT], first, cluster=Cluster(0, TWO)),
    ):
        assert (first.before, first.total_records, first.settled_records) == (4, 10, 4)
        assert (second.before, second.total_records, second.settled_records) == (0, 0, None)
        assert first.forecast
        assert second.forecast is None
        checkpoint(tmp_path, 10, began)  # neither has delivered anything: a third one did
        while first.forecast.needed(time.time()) is None:
            time.sleep(0.01)
        assert first.forecast.needed(time.time()) == 0
        assert first.settled_records == 10
    assert not told
