import csv
import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.audit.plain import Key, reading
from connectors.records import request_id

COLUMNS = ("Duration", "SpotID", "ClientName", "AirDateTime", "StationCode")
KEY = Key("SP1", "2026-11-24T05:30:00-05:00", "KABC")
FIELDS = {"SpotID": KEY.spot_id, "AirDateTime": KEY.airtime, "StationCode": KEY.station}

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)


@given(TEXT, TEXT, TEXT)
def test_ndjson_gives_the_texts_exactly_as_written(
    spot_id: str, airtime: str, station: str
) -> None:
    record = {"SpotID": spot_id, "AirDateTime": airtime, "StationCode": station, "Duration": 30}
    assert reading("ndjson")(json.dumps(record).encode()) == (spot_id, airtime, station)


@given(TEXT, TEXT, TEXT)
def test_csv_gives_the_texts_exactly_as_written_wherever_the_columns_stand(
    spot_id: str, airtime: str, station: str
) -> None:
    row = StringIO()
    cells = ["30", spot_id, "Smith, Jones", airtime, station]
    csv.writer(row, quoting=csv.QUOTE_ALL).writerow(cells)
    raw = row.getvalue().removesuffix("\r\n").encode()
    assert reading("csv", COLUMNS)(raw) == (spot_id, airtime, station)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[1]",
        b'{"SpotID": "SP1"}',
        b"\xff\xfe",
        json.dumps(FIELDS).encode()[:-1],
        json.dumps({**FIELDS, "SpotID": 1}).encode(),
        json.dumps({**FIELDS, "StationCode": None}).encode(),
        json.dumps({**FIELDS, "ClientName": "é"}, ensure_ascii=False).encode("latin-1"),
        b"[" * 100_000,
    ],
)
def test_ndjson_without_the_three_texts_has_no_key(raw: bytes) -> None:
    assert reading("ndjson")(raw) is None


@pytest.mark.parametrize("raw", [b"", b"30,SP1", b"30,SP\xff,Acme,now,KABC", b"x" * 200_000])
def test_csv_without_the_three_texts_has_no_key(raw: bytes) -> None:
    assert reading("csv", COLUMNS)(raw) is None


def test_a_carriage_return_before_the_line_end_is_no_part_of_a_field() -> None:
    row = b"30,SP1,Acme,2026-11-24T05:30:00-05:00,KABC\r"
    assert reading("csv", COLUMNS)(row) == KEY
    assert reading("ndjson")(json.dumps(FIELDS).encode() + b"\r") == KEY


def test_the_request_id_is_that_of_the_contract() -> None:
    checksum = "c" * 64
    expected = request_id("SP1", KEY.airtime, checksum, "KABC")
    assert KEY.request_id(checksum) == expected
    assert KEY._replace(station="WXYZ").request_id(checksum) != expected


def test_text_that_no_export_can_hold_has_no_request_id() -> None:
    assert KEY._replace(spot_id="\ud800").request_id("c" * 64) is None
