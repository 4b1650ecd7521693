import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ledger.verify import Verdict, is_ledger, verify
from connectors.records import REJECTIONS, Export, Line
from connectors.request_id import request_id

LIMIT = 300
HEAD = 40
FILES = ("receipts.ndjson", "dead-letters.ndjson", "manifest.json")
STATIONS = ["KABC", "WXYZ"]

Row = dict[str, Any]


def spot(number: int, station: str = "KABC", **changes: object) -> bytes:
    fields = {
        "SpotID": f"SP{number:04}",
        "StationCode": station,
        "AirDateTime": f"2026-11-24T05:{number:02}:00-05:00",
        "Duration": 30,
        "ClientName": "Müller & Söhne",
    }
    return json.dumps({**fields, **changes}, ensure_ascii=False).encode()


PHYSICAL_LINES = (
    spot(1),
    spot(2, "WXYZ"),
    b"",
    spot(3) + b"\r",
    b'{"SpotID": ',
    spot(4).replace("ü".encode(), b"\xfc"),
    spot(5, "KQED"),
    spot(6, ClientName="x" * LIMIT),
    spot(7, Duration=0),
    spot(8),
    spot(9),
)
WHY: dict[int, tuple[str, int | None, int]] = {
    5: ("not_json", None, 0),
    6: ("encoding", None, 0),
    8: ("line_too_long", None, 0),
    9: ("schema", None, 0),
    11: ("circuit_open", 429, 2),
}
"""Physical line: reason, status, attempts of its dead letter."""


class Night:
    """A small export and the ledger that an upload of it must leave, to be spoilt at will."""

    def __init__(self, folder: Path, mode: str = "upload") -> None:
        content = b"".join(line + b"\n" for line in PHYSICAL_LINES)
        self.checksum = sha256(content).hexdigest()
        self.lines = list(physical())
        path = folder / "avion.ndjson"
        self.export = Export(path, "ndjson", self.checksum, len(content), len(self.lines), ())
        self.folder = folder / self.export.key
        self.mode = mode
        self.receipts = [self.receipt(line) for line in self.lines if self.is_delivered(line)]
        self.letters = [self.letter(line) for line in self.lines if self.is_dead(line)]

    def is_dead(self, line: Line) -> bool:
        sent = WHY.get(line.number, ("", None, 0))[2] > 0
        return line.number in WHY and (self.mode == "upload" or not sent)

    def is_delivered(self, line: Line) -> bool:
        return self.mode == "upload" and line.number not in WHY and b"KQED" not in line.raw

    def receipt(self, line: Line) -> Row:
        record = json.loads(line.raw)
        key = record["SpotID"], record["AirDateTime"], self.checksum, record["StationCode"]
        return {
            "line": line.number,
            "offset": line.offset,
            "spot_id": record["SpotID"],
            "station": record["StationCode"],
            "airtime": record["AirDateTime"],
            "request_id": request_id(*key),
            "outcome": "duplicate" if line.number == 2 else "accepted",
            "status": 409 if line.number == 2 else 201,
            "attempts": 1,
            "delivered_at": "2026-11-24T04:00:00+00:00",
            "duration_sec": record["Duration"],
            "advertiser": record["ClientName"],
        }

    def letter(self, line: Line) -> Row:
        reason, status, attempts = WHY[line.number]
        raw = line.raw.rstrip(b"\r")
        row: Row = {
            "line": line.number,
            "offset": line.offset,
            "reason": reason,
            "detail": "for people",
            "status": status,
            "redrivable": status is not None,
            "request_id": self.receipt(line)["request_id"] if attempts else None,
            "attempts": attempts,
            "raw": raw.decode(errors="replace"),
        }
        if reason == "encoding":
            row["raw_base64"] = base64.b64encode(raw).decode()
        if reason == "line_too_long":
            row["length"] = line.length
        return row

    def manifest(self) -> Row:
        """Build the manifest that suits the rows, whatever has been done to them."""
        outcomes = Counter(row["outcome"] for row in self.receipts)
        reasons = Counter(row["reason"] for row in self.letters)
        rejected = sum(n for reason, n in reasons.items() if reason in REJECTIONS)
        delivered = outcomes["accepted"] + outcomes["duplicate"]
        failed = reasons.total() - rejected
        valid = delivered + failed if self.mode == "upload" else 5
        receipts, letters = self.contents()
        return {
            "version": 1,
            "mode": self.mode,
            "ledger": self.export.key,
            "export": self.export.path.name,
            "format": "ndjson",
            "columns": [],
            "ancestors": [],
            "previous": None,
            "checksum": self.checksum,
            "bytes": self.export.size,
            "total_records": valid + rejected + 1,
            "valid_records": valid,
            "rejected_records": rejected,
            "skipped": 1,
            "stations": STATIONS,
            "api_url": "http://a",
            "accepted": outcomes["accepted"],
            "duplicates": outcomes["duplicate"],
            "failed": failed,
            "dead_lettered": reasons.total(),
            "reasons": reasons,
            "reconciled": True,
            "attempts": sum(row["attempts"] for row in (*self.receipts, *self.letters)),
            "parked": reasons["circuit_open"],
            "throttled": 3,
            "breaker_openings": 1,
            "paused_seconds": 2.5,
            "breaker_seconds": 60,
            "token_renewals": 0,
            "held_up": {"2026-11-24T03:20": [3, 2.5, 0, 0], "2026-11-24T03:24": [0, 0, 1, 60]},
            "receipts_sha256": sha256(receipts).hexdigest(),
            "dead_letters_sha256": sha256(letters).hexdigest(),
            "started_at": "2026-11-24T03:00:00+00:00",
            "completed_at": "2026-11-24T04:00:00+00:00",
        }

    def contents(self) -> tuple[bytes, bytes]:
        return as_ndjson(self.receipts), as_ndjson(self.letters)

    def seal(self, **changes: object) -> "Night":
        self.folder.mkdir(exist_ok=True)
        manifest = json.dumps({**self.manifest(), **changes}).encode()
        for name, content in zip(FILES, (*self.contents(), manifest), strict=True):
            (self.folder / name).write_bytes(content)
        return self

    def verify(self) -> Verdict:
        return verify(self.folder, self.export, self.lines)


def physical() -> Iterator[Line]:
    offset = 0
    for number, raw in enumerate(PHYSICAL_LINES, 1):
        if raw:
            yield Line(raw if len(raw) <= LIMIT else raw[:HEAD], number, offset, len(raw))
        offset += len(raw) + 1


def as_ndjson(rows: list[Row]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def kinds(verdict: Verdict) -> set[str]:
    return set(verdict.findings.counts)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def test_a_sound_ledger_accounts_for_every_record_of_its_export(night: Night) -> None:
    verdict = night.seal().verify()
    assert list(verdict.findings) == []
    assert (verdict.records, verdict.compared) == (10, True)


def test_a_sound_ledger_agrees_with_itself_where_no_export_is_at_hand(night: Night) -> None:
    verdict = verify(night.seal().folder)
    assert list(verdict.findings) == []
    assert (verdict.records, verdict.compared) == (10, False)


def test_rows_may_stand_in_any_order(night: Night) -> None:
    night.receipts.reverse()
    night.letters.reverse()
    assert not night.seal().verify().findings


def test_a_validated_export_accounts_for_its_records_by_its_dead_letters(tmp_path: Path) -> None:
    assert list(Night(tmp_path, "validate-only").seal().verify().findings) == []


def test_a_bad_record_is_missing_from_a_validated_export(tmp_path: Path) -> None:
    night = Night(tmp_path, "validate-only")
    del night.letters[0]
    [finding] = [f for f in night.seal().verify().findings if f.endswith("[missing]")]
    assert finding.startswith(f"{night.export.path}:5: the record at offset")


def test_a_ledger_without_manifest_is_called_unsealed_and_still_looked_at(night: Night) -> None:
    night.receipts[0]["spot_id"] = "another"
    night.receipts.pop()
    (night.seal().folder / "manifest.json").unlink()
    verdict = night.verify()
    assert kinds(verdict) == {"unsealed", "request_id", "text"}
    assert verdict.records == 8
    assert kinds(verify(night.folder)) == {"unsealed"}


@pytest.mark.parametrize("name", FILES[:2])
def test_a_file_that_is_missing_is_found(night: Night, name: str) -> None:
    (night.seal().folder / name).unlink()
    assert {"file", "digest", "count", "missing"} <= kinds(night.verify())


def test_a_torn_last_line_is_found(night: Night) -> None:
    path = night.seal().folder / "receipts.ndjson"
    path.write_bytes(path.read_bytes()[:-9])
    assert {"torn", "row", "digest", "count"} <= kinds(verify(night.folder))


def test_a_row_in_both_files_is_found_and_says_where_the_other_stands(night: Night) -> None:
    night.letters[-1].update(line=1, offset=0)
    [finding] = verify(night.seal().folder).findings
    assert finding == (
        f"{night.folder}/receipts.ndjson:1: "
        "offset 0 stands already in dead-letters.ndjson:5 [repeated]"
    )


def test_two_receipts_of_one_request_id_must_have_one_content(night: Night) -> None:
    night.receipts[2] = {**night.receipts[0], "line": 4, "offset": night.receipts[2]["offset"]}
    assert "conflict" not in kinds(night.seal().verify())
    night.receipts[2]["duration_sec"] = 60
    [finding] = [one for one in night.seal().verify().findings if one.endswith("[conflict]")]
    assert finding == (
        f"{night.folder}/receipts.ndjson:3: has the request ID of row 1, and other content "
        "[conflict]"
    )


@pytest.mark.parametrize(("name", "value"), [("duration_sec", 60), ("advertiser", "Muller")])
def test_what_was_sent_beside_the_three_names_is_compared_as_well(
    night: Night, name: str, value: object
) -> None:
    night.receipts[0][name] = value
    [finding] = night.seal().verify().findings
    assert f"`{name}` is {value!r}, the export says" in finding
    assert finding.endswith("[text]")


@pytest.mark.parametrize("name", ["attempts", "parked"])
def test_what_delivery_took_is_held_against_the_rows(night: Night, name: str) -> None:
    claimed = night.manifest()[name] + 1
    [finding] = verify(night.seal(**{name: claimed}).folder).findings
    assert f"`{name}` is {claimed}, found {claimed - 1} [count]" in finding


def test_a_receipt_of_a_station_that_was_left_out_is_found(night: Night) -> None:
    night.receipts.append(night.receipt(night.lines[5]))
    assert "station" in kinds(night.seal().verify())


def test_a_record_of_a_kept_station_is_missing_and_not_skipped(night: Night) -> None:
    del night.receipts[0]
    verdict = night.seal(skipped=2, total_records=10).verify()
    assert kinds(verdict) == {"missing", "export"}


def test_a_dead_letter_of_a_spot_must_carry_its_request_id(night: Night) -> None:
    night.letters[-1]["request_id"] = None
    assert kinds(verify(night.seal().folder)) == {"request_id"}


def test_the_true_length_of_a_long_record_is_compared(night: Night) -> None:
    night.letters[2]["length"] += 2
    assert kinds(night.seal().verify()) == {"raw"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("checksum", "0" * 64), ("bytes", 1), ("format", "csv"), ("total_records", 99)],
)
def test_a_manifest_of_another_export_is_found(night: Night, name: str, value: object) -> None:
    night.seal(**{name: value})
    assert "export" in kinds(night.verify())


def test_an_export_that_was_changed_afterwards_is_found_at_its_record(night: Night) -> None:
    night.seal()
    night.lines[0] = night.lines[0]._replace(raw=spot(1, AirDateTime="2026-11-24T06:00:00-05:00"))
    [finding] = night.verify().findings
    assert "`airtime` is '2026-11-24T05:01:00-05:00', the export says '2026-11-24T06" in finding


def test_a_csv_is_compared_by_its_header(night: Night) -> None:
    columns = ("ClientName", "StationCode", "SpotID", "AirDateTime", "Duration")
    raw = b'"Smith, ""J"",\nJones",KABC,SP0001,2026-11-24T05:01:00-05:00,30'
    night.export = Export(night.export.path, "csv", night.checksum, 100, 1, (), columns)
    night.lines = [Line(raw, 1, 0, len(raw))]
    night.receipts, night.letters = night.receipts[:1], []
    night.receipts[0]["advertiser"] = 'Smith, "J",\nJones'
    sound = {
        "format": "csv",
        "columns": list(columns),
        "bytes": 100,
        "skipped": 0,
        "stations": None,
        "total_records": 1,
    }
    assert list(night.seal(**sound).verify().findings) == []
    night.receipts[0]["spot_id"] = "SP0002"
    assert kinds(night.seal(**sound).verify()) == {"request_id", "text"}


def test_any_file_of_a_ledger_makes_a_folder_one(night: Night, tmp_path: Path) -> None:
    assert is_ledger(night.seal().folder)
    assert not is_ledger(tmp_path)


def removed(rows: list[Row], index: int) -> str:
    del rows[index]
    return "missing"


def doubled(rows: list[Row], index: int) -> str:
    rows.append(rows[index])
    return "repeated"


def moved(rows: list[Row], index: int) -> str:
    rows[index]["offset"] += 1
    return "stray"


def misnumbered(rows: list[Row], index: int) -> str:
    rows[index]["line"] += 1
    return "line"


def swapped(rows: list[Row], index: int) -> str:
    row, other = rows[index], rows[index - 1]
    row["offset"], other["offset"] = other["offset"], row["offset"]
    return "raw" if "raw" in row else "text"


def rewritten(rows: list[Row], index: int) -> str:
    row = rows[index]
    row.pop("raw_base64", None)
    for name in {"raw", "spot_id"} & row.keys():
        row[name] += " "
    return "raw" if "raw" in row else "text"


def renamed(rows: list[Row], index: int) -> str:
    rows[index]["request_id"] = "0" * 32
    return "request_id"


CHANGES = (removed, doubled, moved, misnumbered, swapped, rewritten, renamed)


@settings(max_examples=60)
@given(change=st.sampled_from(CHANGES), dead=st.booleans(), index=st.integers(0, 3))
def test_a_changed_row_is_found_even_under_a_manifest_made_to_suit(
    tmp_path_factory: pytest.TempPathFactory,
    change: Callable[[list[Row], int], str],
    *,
    dead: bool,
    index: int,
) -> None:
    night = Night(tmp_path_factory.mktemp("night"))
    expected = change(night.letters if dead else night.receipts, index)
    assert expected in kinds(night.seal().verify())


@settings(max_examples=60)
@given(name=st.sampled_from(FILES[:2]), data=st.data())
def test_a_single_changed_byte_anywhere_is_found(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    night = Night(tmp_path_factory.mktemp("night")).seal()
    path = night.folder / name
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert "digest" in kinds(verify(night.folder))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=60)
@given(name=st.sampled_from(FILES), garbage=st.binary() | JSON.map(json.dumps).map(str.encode))
def test_no_content_of_any_file_is_taken_for_sound_or_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, name: str, garbage: bytes
) -> None:
    night = Night(tmp_path_factory.mktemp("night")).seal()
    (night.folder / name).write_bytes(garbage)
    assert night.verify().findings


@settings(max_examples=60)
@given(data=st.data(), value=JSON)
def test_no_value_of_any_field_is_overlooked_or_makes_it_fail(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, value: object
) -> None:
    night = Night(tmp_path_factory.mktemp("night")).seal()
    row = data.draw(st.sampled_from([night.receipts[0], night.letters[1], night.letters[2]]))
    name = data.draw(st.sampled_from(sorted(row)))
    unchanged, row[name] = row[name], value
    for path, content in zip(FILES, night.contents(), strict=False):
        (night.folder / path).write_bytes(content)
    assert night.verify().findings or value == unchanged


@settings(max_examples=60)
@given(name=st.sampled_from(sorted(Night(Path()).manifest())), value=JSON)
def test_any_changed_claim_of_the_manifest_is_found_but_for_what_the_rows_cannot_tell(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: object
) -> None:
    night = Night(tmp_path_factory.mktemp("night"))
    unchanged = json.loads(json.dumps(night.manifest()))[name]
    told = {
        "export",
        "api_url",
        "started_at",
        "completed_at",
        "held_up",
        "paused_seconds",
        "breaker_seconds",
        "token_renewals",
    }
    assert night.seal(**{name: value}).verify().findings or name in told or value == unchanged
