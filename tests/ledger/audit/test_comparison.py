import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.audit.comparison import Comparison, pair
from connectors.ledger.audit.findings import Findings
from connectors.ledger.audit.index import Place
from connectors.ledger.audit.plain import reading
from connectors.ledger.rows import to_rows
from connectors.records import Export, Line, Receipt

AIRTIME = "2026-11-24T05:30:00-05:00"
RECORD = {
    "SpotID": "SP1",
    "StationCode": "KABC",
    "AirDateTime": AIRTIME,
    "Duration": 30,
    "ClientName": "Acme",
}
RAW = json.dumps(RECORD).encode()
LINE = Line(RAW, 1, 0, len(RAW))
RECEIPT = Receipt(
    1, 0, "SP1", "KABC", AIRTIME, "0" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw"
)
PLACE = Place(0, "receipts.ndjson", 1, 0, bytes(16))

OFFSETS = st.sets(st.integers(0, 30)).map(sorted)


@given(OFFSETS, OFFSETS, st.integers(1, 3))
def test_every_record_and_every_place_comes_once_and_with_its_like(
    records: list[int], settled: list[int], times: int
) -> None:
    lines = [Line(b"", 1, offset, 0) for offset in records]
    groups = [
        [Place(offset, "receipts.ndjson", row, 0, bytes(16)) for row in range(times)]
        for offset in settled
    ]
    pairs = list(pair(lines, groups))
    assert [line for line, _ in pairs if line] == lines
    assert [places for _, places in pairs if places] == groups
    for line, places in pairs:
        assert line or places
        assert {place.offset for place in places} <= ({line.offset} if line else set(settled))
        assert line is None or bool(places) is (line.offset in settled)


def compare(folder: Path, content: bytes, line: Line = LINE) -> Findings:
    (folder / "receipts.ndjson").write_bytes(content)
    export = Export(folder / "avion.ndjson", "ndjson", "c" * 64, 100, 1, ())
    findings = Findings()
    Comparison(folder, export, reading("ndjson"), None, findings).run([line], [[PLACE]])
    return findings


def test_a_receipt_of_its_record_is_right(tmp_path: Path) -> None:
    assert not compare(tmp_path, to_rows([RECEIPT]))


def test_each_text_that_is_not_the_export_s_is_named(tmp_path: Path) -> None:
    findings = compare(tmp_path, to_rows([RECEIPT._replace(spot_id="SP2", station="WXYZ")]))
    where = f"{tmp_path}/receipts.ndjson:1"
    assert list(findings) == [
        f"{where}: `spot_id` is 'SP2', the export says 'SP1' [text]",
        f"{where}: `station` is 'WXYZ', the export says 'KABC' [text]",
    ]


def test_a_receipt_for_a_record_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    findings = compare(tmp_path, to_rows([RECEIPT]), LINE._replace(raw=b"{"))
    assert findings.counts == {"text": 1}


def test_a_place_where_no_record_begins_is_a_stray(tmp_path: Path) -> None:
    findings = compare(tmp_path, to_rows([RECEIPT]), LINE._replace(offset=1))
    [finding] = findings
    assert finding == (
        f"{tmp_path}/receipts.ndjson:1: "
        f"no record of {tmp_path}/avion.ndjson begins at offset 0 [stray]"
    )


def test_a_ledger_that_changes_meanwhile_is_said_to(tmp_path: Path) -> None:
    [finding] = compare(tmp_path, b"")
    assert finding.endswith("was changed while it was verified; verify again [row]")
