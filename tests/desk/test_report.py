from dataclasses import replace
from pathlib import Path

import pytest

from connectors.desk import report as module
from connectors.desk.page import render
from connectors.desk.report import Report, gather
from connectors.records import Ancestor
from connectors.trail import trace_of_record
from tests.desk.letters import AIRTIME, letter, night, receipt, record
from tests.ledger.ledgers import Ledgers

HOUR = AIRTIME[:13]


def report_of(ledgers: Ledgers, trace_url: str = "") -> Report:
    found = ledgers.ledgers()
    return gather(found, found, per_second=10, trace_url=trace_url)


def test_a_report_counts_what_arrived_and_what_did_not(tmp_path: Path) -> None:
    found = report_of(night(tmp_path, receipt(0), receipt(1), letter(2), letter(3, "circuit_open")))
    assert found.cell("KABC", HOUR) == (2, 2)
    assert (found.stations, found.hours) == (["KABC"], [HOUR])
    assert [(group.reason, group.count) for group in found.reasons] == [
        ("circuit_open", 1),
        ("schema", 1),
    ]
    assert (found.left_out, found.came) == (0, (0, 0, 2))


def test_every_row_leads_to_its_trace_whether_it_became_a_spot_or_not(tmp_path: Path) -> None:
    ledgers = night(tmp_path, letter(2), letter(3, "circuit_open"))
    checksum = ledgers.ledgers()[0].manifest.checksum
    rows = report_of(ledgers, "http://traces/{trace_id}").rows
    traces = [trace_of_record(checksum, 2), f"{3:032}"]
    assert [row.trace for row in rows] == traces
    assert [row.link for row in rows] == [f"http://traces/{trace}" for trace in traces]
    assert {row.link for row in report_of(ledgers).rows} == {""}


def test_what_does_not_fit_is_left_out_and_said_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LETTERS", 5)
    rows = [letter(i, raw=record(StationCode=f"K{i:03}")) for i in range(203)]
    found = report_of(night(tmp_path, *rows))
    assert (len(found.rows), found.left_out) == (5, 198)
    page = render(found)
    assert "198 more are in the sheet: avstar dlq csv." in page
    assert "The first 5 dead letters that are still open" in page
    assert "Every dead letter" not in page
    assert "Left out: 3 stations." in page
    assert '<th scope="row">K199</th>' in page
    assert '<th scope="row">K200</th>' not in page


def test_a_page_that_shows_all_says_nothing_of_the_kind(tmp_path: Path) -> None:
    page = render(report_of(night(tmp_path, letter(0), receipt(1))))
    assert "Every dead letter that is still open." in page
    assert "Left out" not in page


def test_a_cell_is_no_longer_than_people_read(tmp_path: Path) -> None:
    long = "x" * 100_000
    raw = record(SpotID=long, StationCode=long, AirDateTime=long)
    found = report_of(night(tmp_path, letter(0, raw=raw, detail=long)))
    assert {len(text) for text in found.rows[0][2:5]} == {201}
    assert len(found.rows[0].detail) == 201
    assert len(render(found)) < 30_000


def test_nonsense_in_station_and_time_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PLACES", 3)
    rows = [letter(i, raw=record(StationCode=f"K{i}")) for i in range(9)]
    spots = [receipt(20 + i, station=f"K{i}") for i in range(9)]
    found = report_of(night(tmp_path, *rows, *spots))
    assert len(found.open) == len(found.delivered) == 4
    assert found.open.total() == found.delivered.total() == 9


def test_pauses_and_throttling_are_marked_where_they_were(tmp_path: Path) -> None:
    ledgers = night(tmp_path, receipt(0), receipt(1, "2026-11-24T03:05:00.000+00:00"))
    [sealed] = ledgers.ledgers()
    minute = {"2026-11-24T03:02": [2.0, 3.0, 1.0, 60.0]}
    one = sealed._replace(manifest=replace(sealed.manifest, held_up=minute))
    found = gather([one], [one], per_second=10, trace_url="")
    assert any(bar.throttled for bar in found.course.bars)
    page = render(found)
    assert 'class="throttled" x=' in page
    assert 'class="broken" x=' in page
    assert "throttled breaker open</td>" in page
    assert page.count("(pause)") == len([bar for bar in found.course.bars if bar.is_pause]) > 0


def test_a_ledger_or_a_chain_that_is_not_sound_is_told(tmp_path: Path) -> None:
    ledgers = night(tmp_path, letter(0))
    assert report_of(ledgers).sound
    [sealed] = ledgers.ledgers()
    path = sealed.folder / "dead-letters.ndjson"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b'"why"', b'"who"'))
    found = report_of(ledgers)
    assert not found.sound
    assert "is not the file that was sealed" in found.ledgers[0].findings[0]
    assert "Ledgers NOT verified." in render(found)


def test_the_report_of_one_ledger_tells_what_was_corrected_wrongly(tmp_path: Path) -> None:
    ledgers = night(tmp_path, letter(0), receipt(7))
    [day] = ledgers.ledgers()
    origin = Ancestor(day.manifest.checksum, 1, 0, None)
    wrong = letter(3)._replace(ancestor=origin)
    ledgers.seal("mend", wrong, ancestors=[day.manifest.checksum])
    found = gather([day], ledgers.ledgers(), per_second=10, trace_url="")
    assert [(row.export, row.line) for row in found.rows] == [("mend", 4)]
    assert [one.manifest.export for one in found.ledgers] == ["day", "mend"]
