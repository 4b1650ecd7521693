"""The morning after a night: dead letters to the desk, and back."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger import read_manifest
from connectors.records import COLUMNS
from connectors.sheet import ADDED
from connectors.trail import trace_of_record

New = Callable[..., Any]
Row = dict[str, str]

TYPED = ("KABC", "2026-11-24T05:30:00Z", "30", "Acme")
"""All but the spot ID of a row that the desk fills in."""

FAILING = ("--max-attempts", "1", "--breaker-failures", "1000")


@pytest.fixture
def night(api: New, new_export: New, new_upload: New) -> Callable[..., Any]:
    """Upload an export while a share of the requests fails, and switch the faults off."""

    def upload(records: int = 400, name: str = "day.ndjson") -> Any:
        night = new_upload(
            api("--fault", "500=0.1", "--fault", "lost=0.05"), new_export(records, name)
        )
        assert night(*FAILING).code == 0
        night.api.faults({})
        return night

    return upload


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def save(path: Path, rows: list[Row]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def sheet_of(avstar: Any, night: Any, path: Path) -> list[Row]:
    done = avstar("dlq", "csv", night.out, "--csv", path)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(
        f" dead letters; correct it, then: avstar run {path} --out {night.out}\n"
    )
    return rows_of(path)


def test_a_list_tells_what_failed_by_reason_and_station(night: New, avstar: Any) -> None:
    upload = night()
    letters = upload.rows("dead-letters")
    done = avstar("dlq", "list", upload.out)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{len(letters)} dead letters open, of {len(letters)}: 0 delivered")
    failed = [one for one in letters if one["reason"] == "retries_exhausted"]
    assert f"{len(failed)}  retries_exhausted: no good answer after all attempts" in done.out
    stations = [json.loads(one["raw"])["StationCode"] for one in failed]
    for station in set(stations):
        assert f"{station} {stations.count(station)}" in done.out
    assert f"day.ndjson:{failed[0]['line']} {stations[0]}: " in done.out
    assert f"{len(failed)} can be sent again: avstar dlq redrive" in done.out


def test_one_dead_letter_is_shown_in_full(night: New, avstar: Any) -> None:
    upload = night(100)
    letter = next(one for one in upload.rows("dead-letters") if one["request_id"])
    by_line = avstar("dlq", "show", upload.out, letter["line"])
    assert by_line == avstar("dlq", "show", upload.out, letter["request_id"])
    for words in (
        letter["raw"],
        letter["detail"],
        letter["request_id"],
        "trace ID",
        "attempts    1",
    ):
        assert words in by_line.out
    rejected = next(one for one in upload.rows("dead-letters") if not one["request_id"])
    trace = trace_of_record(read_manifest(upload.ledger()).checksum, rejected["offset"])
    assert f"trace ID    {trace}" in avstar("dlq", "show", upload.out, rejected["line"]).out
    assert "has the line or request ID 7777" in avstar("dlq", "show", upload.out, 7777).refusal


def test_what_stands_in_an_export_cannot_steer_the_terminal(
    api: New, tmp_path: Path, new_upload: New, avstar: Any
) -> None:
    path = tmp_path / "evil.ndjson"
    path.write_text(json.dumps({"StationCode": "\x1b[2J\x07\nK", "SpotID": "\x07"}) + "\n")
    upload = new_upload(api(), path)
    assert upload().code == 0
    for words in (("list", upload.out), ("show", upload.out, 1)):
        shown = avstar("dlq", *words)
        assert shown.code == 0
        assert not set(shown.out) & {"\x1b", "\x07"}


@pytest.mark.parametrize("name", ["day.ndjson", "day.csv"])
def test_a_sheet_holds_every_dead_letter_as_it_was_and_what_to_do(
    name: str, night: New, avstar: Any, tmp_path: Path
) -> None:
    upload = night(name=name)
    letters = upload.rows("dead-letters")
    rows = sheet_of(avstar, upload, tmp_path / "mend.csv")
    assert (tmp_path / "mend.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert list(rows[0])[-len(ADDED) :] == list(ADDED)
    assert set(COLUMNS) <= rows[0].keys()
    assert [(int(row["AvstarLine"]), int(row["AvstarOffset"])) for row in rows] == [
        (letter["line"], letter["offset"]) for letter in letters
    ]
    for row, letter in zip(rows, letters, strict=True):
        assert row["AvstarRequestID"] == (letter["request_id"] or "")
        assert row["AvstarRedrivable"] == ("yes" if letter["redrivable"] else "no")
        assert row["AvstarReason"]
        assert row["AvstarToDo"]
        if letter["reason"] in {"not_json", "not_csv", "encoding"}:
            assert row["AvstarOriginal"].lstrip("'") == letter["raw"].replace("\0", "␀")
        elif letter["request_id"] and name == "day.ndjson":
            record = json.loads(letter["raw"])
            assert [row[column] for column in COLUMNS] == [str(record[c]) for c in COLUMNS]


def test_a_corrected_sheet_closes_the_night(night: New, avstar: Any, tmp_path: Path) -> None:
    upload = night()
    before = {path: path.read_bytes() for path in upload.ledger().iterdir()}
    first = upload.rows("dead-letters")
    rows = sheet_of(avstar, upload, tmp_path / "mend.csv")
    for number, row in enumerate(rows):
        if row["AvstarRedrivable"] == "no":  # the desk types all of them anew
            row.update(zip(COLUMNS, (f"NEW{number}", *TYPED), strict=True))
    mend = save(tmp_path / "mend.csv", rows)
    done = avstar(
        *("run", mend, "--out", upload.out, "--api-url", upload.api.url, "--rate", "10000/0.1")
    )
    assert (done.code, done.complaint) == (0, "")
    assert "dead letters  0" in done.out

    scheduled = {spot["request_id"] for spot in upload.api.spots()}
    kept = {one["request_id"] for one in first if one["redrivable"]}
    corrected = [one for one in first if not one["redrivable"]]
    assert kept <= scheduled
    assert len(scheduled) == len(upload.rows("receipts")) + len(first)
    assert upload.api.stats()["conflicts"] == 0
    [ledger] = upload.out.glob("mend.csv.*")
    receipts = list(map(json.loads, (ledger / "receipts.ndjson").read_bytes().splitlines()))
    came = {(one["ancestor"]["line"], one["ancestor"]["offset"]) for one in receipts}
    assert came == {(one["line"], one["offset"]) for one in first}
    origin = read_manifest(upload.ledger())
    manifest = read_manifest(ledger)
    assert origin
    assert manifest
    assert manifest.ancestors == [origin.checksum]

    both = avstar("verify", upload.out, upload.exports[0], mend)
    assert both.code == 0, both.out
    assert both.out.endswith(
        f"the night is in order: {len(kept)} dead letters delivered since, "
        f"{len(corrected)} replaced by other rows, 0 open\n"
    )
    assert {path: path.read_bytes() for path in upload.ledger().iterdir()} == before
    assert avstar("dlq", "list", upload.out).out.startswith("0 dead letters open")


def test_a_row_left_alone_is_scheduled_once_though_its_first_fate_was_uncertain(
    api: New, new_export: New, new_upload: New, avstar: Any, tmp_path: Path
) -> None:
    upload = new_upload(api("--fault", "lost=0.3"), new_export(200, bad=0))
    assert upload(*FAILING).code == 0
    upload.api.faults({})
    assert len(upload.api.spots()) == 200  # all of them arrived, though not all of the answers
    sheet_of(avstar, upload, tmp_path / "mend.csv")
    again = new_upload(upload.api, tmp_path / "mend.csv")
    assert again().code == 0
    assert len(upload.api.spots()) == 200
    assert {row["outcome"] for row in again.rows("receipts")} == {"duplicate"}


def test_a_sheet_of_a_sheet_closes_it_as_well(night: New, avstar: Any, tmp_path: Path) -> None:
    upload = night(200)
    rows = sheet_of(avstar, upload, tmp_path / "one.csv")
    broken = [{**row, "Duration": "soon"} for row in rows]
    words = ("--out", upload.out, "--api-url", upload.api.url, "--rate", "10000/0.1")
    assert avstar("run", save(tmp_path / "one.csv", broken), *words).code == 0
    second = sheet_of(avstar, upload, tmp_path / "two.csv")
    assert len(second) == len(rows)
    assert {row["Duration"] for row in second} == {"soon"}
    for number, row in enumerate(second):
        row.update(zip(COLUMNS, (f"NEW{number}", *TYPED), strict=True))
    assert avstar("run", save(tmp_path / "two.csv", second), *words).code == 0
    exports = (upload.exports[0], tmp_path / "one.csv", tmp_path / "two.csv")
    done = avstar("verify", upload.out, *exports)
    assert done.code == 0, done.out
    assert f"{2 * len(rows)} replaced by other rows, 0 open" in done.out


def test_a_spot_that_was_delivered_as_it_was_and_corrected_is_found(
    night: New, avstar: Any, tmp_path: Path
) -> None:
    upload = night(200)
    rows = [row for row in sheet_of(avstar, upload, tmp_path / "a.csv") if row["AvstarRequestID"]]
    words = ("--out", upload.out, "--api-url", upload.api.url, "--rate", "10000/0.1")
    assert avstar("run", save(tmp_path / "a.csv", rows[:3]), *words).code == 0
    twice = save(tmp_path / "b.csv", [{**rows[0], "ClientName": "Other"}])
    assert "delete the row" in avstar("run", twice, *words).refusal
    elsewhere = ("--out", tmp_path / "other", *words[2:])
    assert avstar("run", twice, *elsewhere).code == 0
    [ledger] = (tmp_path / "other").glob("b.csv.*")
    ledger.rename(upload.out / ledger.name)
    found = avstar("verify", upload.out)
    assert found.code == 1
    assert (
        f"byte {rows[0]['AvstarOffset']}: was delivered, and in another form as b.csv" in found.out
    )
    assert "the night is NOT in order" in found.out


@pytest.mark.parametrize(
    ("field", "value"), [("offset", 1), ("request_id", None), ("checksum", "f" * 64)]
)
def test_a_ledger_that_names_another_ancestor_is_found(
    field: str, value: object, night: New, avstar: Any, tmp_path: Path
) -> None:
    upload = night(100)
    sheet_of(avstar, upload, tmp_path / "mend.csv")
    again = type(upload)(avstar, upload.out, upload.api, tmp_path / "mend.csv")
    assert again().code == 0
    receipts = again.ledger() / "receipts.ndjson"
    first, *others = receipts.read_bytes().splitlines(keepends=True)
    row = json.loads(first)
    row["ancestor"][field] = value
    receipts.chmod(0o644)
    receipts.write_bytes(json.dumps(row).encode() + b"\n" + b"".join(others))
    found = avstar("verify", upload.out, tmp_path / "mend.csv")
    assert found.code == 1
    assert f"{receipts}:1: `ancestor` is " in found.out


def test_a_damaged_sheet_is_refused_before_anything_is_sent(
    night: New, avstar: Any, tmp_path: Path
) -> None:
    upload = night(100)
    rows = sheet_of(avstar, upload, tmp_path / "mend.csv")
    rows[-1]["AirDateTime"] = "24.11.2026 05:30"
    before = upload.api.stats()["requests"]
    words = ("--out", upload.out, "--api-url", upload.api.url)
    done = avstar("run", save(tmp_path / "mend.csv", rows), *words)
    assert done.code == 2
    assert f"mend.csv, line {len(rows) + 1}: AirDateTime is '24.11.2026 05:30'" in done.refusal
    assert upload.api.stats()["requests"] == before


def test_a_sheet_is_not_written_over_another_by_mistake(
    night: New, avstar: Any, tmp_path: Path
) -> None:
    upload = night(100)
    path = tmp_path / "mend.csv"
    path.write_text("work of a morning")
    assert (
        "mend.csv exists; give --force" in avstar("dlq", "csv", upload.out, "--csv", path).refusal
    )
    assert path.read_text() == "work of a morning"
    assert avstar("dlq", "csv", upload.out, "--csv", path, "--force").code == 0
    nowhere = avstar("dlq", "csv", upload.out, "--csv", tmp_path / "no" / "mend.csv")
    assert "is not a directory; create it first" in nowhere.refusal


def test_what_is_no_ledger_is_refused_in_one_line(avstar: Any, tmp_path: Path) -> None:
    assert "holds no sealed ledger" in avstar("dlq", "list", tmp_path).refusal
    assert "is not a directory" in avstar("dlq", "list", tmp_path / "x").refusal


def test_a_damaged_ledger_is_refused_in_one_line(night: New, avstar: Any) -> None:
    upload = night(100)
    path = upload.ledger() / "dead-letters.ndjson"
    path.chmod(0o644)
    path.write_bytes(b"{" + path.read_bytes())
    assert "is damaged at byte 0; `avstar verify" in avstar("dlq", "list", upload.out).refusal
