import json
from pathlib import Path

import pytest

from connectors.ledger.audit.findings import Findings
from connectors.ledger.audit.index import Place
from connectors.ledger.audit.inspection import Inspection
from connectors.ledger.audit.ledger_file import DEAD_LETTERS, RECEIPTS, LedgerFile
from connectors.ledger.audit.plain import reading
from connectors.ledger.audit.seal import Seal
from connectors.ledger.rows import to_rows
from connectors.records import DeadLetter, Reason, Receipt
from connectors.request_id import request_id

CHECKSUM = "c" * 64
AIRTIME = "2026-11-24T05:30:00-05:00"
ID = request_id("SP1", AIRTIME, CHECKSUM, "KABC")
RECORD = {
    "SpotID": "SP1",
    "StationCode": "KABC",
    "AirDateTime": AIRTIME,
    "Duration": 30,
    "ClientName": "Acme",
}
RAW = json.dumps(RECORD).encode()


def receipt(request: str = ID, line: int = 1) -> Receipt:
    return Receipt(
        line,
        line * 100,
        "SP1",
        "KABC",
        AIRTIME,
        request,
        "accepted",
        201,
        1,
        "now",
        30,
        "Acme",
        b"raw",
    )


def letter(reason: Reason, request: str | None, raw: bytes = RAW) -> DeadLetter:
    return DeadLetter(1, 0, reason, "why", None, False, request, 0, raw)


def inspect(folder: Path, *rows: Receipt | DeadLetter, **settings: object) -> Inspection:
    name = RECEIPTS if isinstance(rows[0], Receipt) else DEAD_LETTERS
    (folder / name).write_bytes(to_rows(rows))
    known = {"seal": None, "checksum": CHECKSUM, "read": reading("ndjson"), **settings}
    inspection = Inspection(Findings(), **known)  # type: ignore[arg-type]
    list(inspection.places(LedgerFile(folder / name, inspection.findings)))
    return inspection


def test_rows_are_counted_by_outcome_and_come_back_as_places(tmp_path: Path) -> None:
    rows = [receipt(line=1), receipt(line=2)._replace(outcome="duplicate")]
    (tmp_path / RECEIPTS).write_bytes(to_rows(rows))
    inspection = Inspection(Findings(), None, CHECKSUM, None)
    places = list(inspection.places(LedgerFile(tmp_path / RECEIPTS, inspection.findings)))
    assert places == [
        Place(100, RECEIPTS, 1, 0, bytes.fromhex(ID)),
        Place(200, RECEIPTS, 2, len(to_rows([rows[0]])), bytes.fromhex(ID)),
    ]
    assert inspection.counted == {"accepted": 1, "duplicate": 1}
    assert inspection.attempts == 2
    assert not inspection.findings


def test_a_request_id_that_its_spot_does_not_give_is_found(tmp_path: Path) -> None:
    [finding] = inspect(tmp_path, receipt(), receipt("0" * 32, 2)).findings
    assert finding == (
        f"{tmp_path}/receipts.ndjson:2: `request_id` is '{'0' * 32}', its spot gives '{ID}' "
        "[request_id]"
    )


def test_request_ids_of_an_unknown_export_are_not_judged(tmp_path: Path) -> None:
    assert not inspect(tmp_path, receipt("0" * 32), checksum=None).findings


def test_a_station_outside_the_choice_is_found(tmp_path: Path) -> None:
    seal = Seal(tmp_path, {"stations": ["WXYZ"]}, Findings())
    assert inspect(tmp_path, receipt(), seal=seal).findings.counts == {"station": 1}


@pytest.mark.parametrize(
    ("dead", "wrong"),
    [
        (letter("rejected", ID), False),
        (letter("rejected", None), True),
        (letter("circuit_open", "0" * 32), True),
        (letter("circuit_open", ID, b"not a spot"), True),
        (letter("schema", None), False),
        (letter("schema", ID), False),
        (letter("schema", "0" * 32), True),
    ],
)
def test_a_dead_letter_that_was_a_spot_has_the_request_id_of_it(
    tmp_path: Path, dead: DeadLetter, *, wrong: bool
) -> None:
    inspection = inspect(tmp_path, dead)
    assert inspection.counted == {dead.reason: 1}
    assert bool(inspection.findings) is wrong


def test_dead_letters_of_a_csv_without_header_are_not_judged(tmp_path: Path) -> None:
    assert not inspect(tmp_path, letter("rejected", "0" * 32), read=None).findings
