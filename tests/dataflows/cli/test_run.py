"""Whole uploads by the real command against the real sandbox."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest

TOKEN = "secret-3f9a"
ROW = {
    "SpotID": "SP1",
    "StationCode": "KABC",
    "AirDateTime": "2026-11-24T05:30:00",
    "Duration": 30,
    "ClientName": "Acme",
}

New = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("day.ndjson", ["--workers", "2"]),
        ("day.csv", []),
        ("day.ndjson", ["--delivery-lanes", "2", "--workers", "2"]),
    ],
)
def test_an_export_is_uploaded_exactly(
    name: str, options: list[str], api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(2000, name))
    done = upload(*options)
    assert (done.code, done.complaint) == (0, "")
    for words in ("records       2,000", "valid         1,980", "accepted      1,980"):
        assert f"\n  {words}\n" in done.out
    assert "reconciled    yes" in done.out
    upload.assert_exact(1980)
    stats = upload.api.stats()
    assert (stats["requests"], stats["duplicates"], stats["conflicts"]) == (1980, 0, 0)


def test_a_settled_export_is_not_sent_again(api: New, new_export: New, new_upload: New) -> None:
    upload = new_upload(api(), new_export(50, "spots of the [main] programme.ndjson"))
    first = upload()
    before = {path: path.read_bytes() for path in upload.ledger().iterdir()}
    again = upload()
    assert (again.code, again.out) == (0, first.out)
    assert again.err == f"{upload.exports[0]} is settled already; nothing was sent\n"
    assert upload.api.stats()["requests"] == 40
    assert {path: path.read_bytes() for path in upload.ledger().iterdir()} == before


def test_only_what_is_not_settled_is_sent(api: New, new_export: New, new_upload: New) -> None:
    day, night = new_export(60), new_export(70, "night.csv", seed=2)
    running = api()
    assert new_upload(running, day)().code == 0
    both = new_upload(running, day, night)
    assert both().code == 0
    both.assert_exact(60 + 70 - 20)
    assert running.stats()["duplicates"] == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.ndjson", b""),
        ("empty.CSV", b""),
        ("blank.ndjson", b"\n \n\r\n"),
        ("empty.csv", b"SpotID,StationCode,AirDateTime,Duration,ClientName\r\n"),
        ("no-line-end.csv", b"SpotID,StationCode,AirDateTime,Duration,ClientName"),
    ],
)
def test_an_export_without_a_record_is_settled_and_nothing_sent(
    name: str, content: bytes, tmp_path: Path, recorder: Any, new_upload: New
) -> None:
    (tmp_path / name).write_bytes(content)
    before = recorder.requests
    upload = new_upload(recorder, tmp_path / name)
    done = upload()
    assert (done.code, done.complaint) == (0, "")
    manifest = read_manifest(upload.ledger())
    assert manifest
    assert (manifest.total_records, manifest.reconciled) == (0, True)
    assert recorder.requests == before


def test_an_upload_follows_a_check_into_the_same_folder(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api(), new_export(300))
    words = ("run", upload.exports[0], "--out", upload.out, "--validate-only")
    checked = avstar(*words, AVSTAR_TOKEN=None)
    assert (checked.code, checked.complaint) == (0, "")
    assert "accepted" not in checked.out
    assert upload.api.stats()["requests"] == 0
    assert len(upload.rows("dead-letters")) == 10
    assert upload().code == 0
    upload.assert_exact(290)
    verified = avstar("verify", upload.out, upload.exports[0])
    assert (verified.code, "verified: 300 records" in verified.out) == (0, True)


def test_dead_letters_are_exit_code_3_where_that_is_wanted(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(100))
    assert upload("--strict").code == 3
    assert upload(AVSTAR_STRICT="1").code == 3
    upload.assert_exact(90)


def test_spots_of_other_stations_are_skipped_and_counted(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(400, bad=0))
    done = upload("--strict", "--stations", "KABC,WXYZ")
    assert (done.code, "\n  skipped       200\n" in done.out) == (0, True)
    upload.assert_exact(200)
    assert {spot["station"] for spot in upload.api.spots()} == {"KABC", "WXYZ"}


def test_local_times_are_sent_as_they_are_written(
    api: New, tmp_path: Path, new_upload: New
) -> None:
    path = tmp_path / "local.ndjson"
    times = ["2026-11-24T05:30:00", "2026-11-01T01:30:00", "2026-11-24T05:31:00Z"]
    rows = [json.dumps({**ROW, "AirDateTime": time}) for time in times]
    path.write_text("\n".join(rows))
    upload = new_upload(api(), path)
    assert upload("--timezone", "America/New_York").code == 0
    assert sorted(spot["airtime"] for spot in upload.api.spots()) == [times[0], times[2]]
    (letter,) = upload.rows("dead-letters")
    assert "happens twice as a local time in America/New_York" in letter["detail"]


def test_the_audit_log_is_json_lines_and_never_holds_the_token(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "500=0.02", "--fault", "lost=0.02"), new_export(500))
    done = upload("--log-json", "--backoff-base", "0.01")
    assert done.code == 0
    events = [json.loads(line) for line in done.err.splitlines()]
    assert {"started", "streaming", "rejected", "retry", "sealed", "closed"} <= {
        e["event"] for e in events
    }
    assert all({"time", "level", "logger", "event"} <= set(event) for event in events)
    assert [event["reason"] for event in events if event["event"] == "rejected"] == [
        letter["reason"] for letter in sorted(upload.rows("dead-letters"), key=lambda r: r["line"])
    ]
    upload.assert_exact(490)
    written = [path for path in upload.out.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite3" for path in written)
    texts = [done.out, done.err, *(path.read_bytes().decode("latin-1") for path in written)]
    assert not [text for text in texts if TOKEN in text]


def test_every_lost_answer_is_a_duplicate_and_never_a_second_spot(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api("--fault", "lost=0.1"), new_export(400))
    assert upload("--backoff-base", "0.01", "--breaker-failures", "100").code == 0
    upload.assert_exact(390)
    receipts = upload.rows("receipts")
    assert {row["line"] for row in receipts if row["outcome"] == "duplicate"} == {
        row["line"] for row in receipts if row["attempts"] > 1
    }
    assert upload.api.stats()["faults"]["lost"] > 0


def test_a_record_over_the_limit_is_a_dead_letter_that_verifies(
    api: New, tmp_path: Path, new_upload: New, avstar: Any
) -> None:
    path = tmp_path / "long.ndjson"
    good = {**ROW, "AirDateTime": "2026-11-24T05:30:00Z"}
    path.write_text(json.dumps({**good, "Note": "x" * 3000}) + "\n" + json.dumps(good) + "\n")
    upload = new_upload(api(), path)
    assert upload("--line-limit", "2048").code == 0
    assert [letter["reason"] for letter in upload.rows("dead-letters")] == ["line_too_long"]
    assert avstar("verify", upload.out, path, "--line-limit", "2048").code == 0


def test_the_same_content_under_another_name_is_dealt_with(
    api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(100))
    assert upload().code == 0
    renamed = upload.exports[0].rename(upload.exports[0].with_name("renamed.ndjson"))
    again = new_upload(upload.api, renamed)()
    assert "please report" not in again.err
    assert again.code in {0, 2}
    assert len(upload.api.spots()) == 90
