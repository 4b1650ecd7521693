import csv
import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.audit.plain import PlainSpot, reading
from connectors.request_id import request_id

COLUMNS = ("Duration", "SpotID", "ClientName", "AirDateTime", "StationCode")
SPOT = PlainSpot("SP1", "2026-11-24T05:30:00-05:00", "KABC", 30, "Acme")
FIELDS = {
    "SpotID": SPOT.spot_id,
    "AirDateTime": SPOT.airtime,
    "StationCode": SPOT.station,
    "Duration": SPOT.duration_sec,
    "ClientName": SPOT.advertiser,
}

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)


@given(st.tuples(TEXT, TEXT, TEXT, st.integers(1), TEXT))
def test_ndjson_gives_the_spot_exactly_as_written(spot: tuple[str, str, str, int, str]) -> None:
    record = dict(zip(FIELDS, spot, strict=True))
    assert reading("ndjson")(json.dumps(record).encode()) == spot


@given(st.tuples(TEXT, TEXT, TEXT, st.integers(1), TEXT))
def test_csv_gives_the_spot_exactly_as_written_wherever_the_columns_stand(
    spot: tuple[str, str, str, int, str],
) -> None:
    row, record = StringIO(), dict(zip(FIELDS, spot, strict=True))
    csv.writer(row, quoting=csv.QUOTE_ALL).writerow([record[column] for column in COLUMNS])
    raw = row.getvalue().removesuffix("\r\n").encode()
    assert reading("csv", COLUMNS)(raw) == spot


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
        json.dumps({**FIELDS, "Duration": "30"}).encode(),
        json.dumps({**FIELDS, "Duration": True}).encode(),
        json.dumps({**FIELDS, "Duration": 0}).encode(),
        json.dumps({**FIELDS, "ClientName": None}).encode(),
        json.dumps({**FIELDS, "ClientName": "é"}, ensure_ascii=False).encode("latin-1"),
        b"[" * 100_000,
    ],
)
def test_ndjson_that_lacks_a_field_is_no_spot(raw: bytes) -> None:
    assert reading("ndjson")(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"30,SP1",
        b"30,SP\xff,Acme,now,KABC",
        b"thirty,SP1,Acme,now,KABC",
        b" 30,SP1,Acme,now,KABC",
        b"-30,SP1,Acme,now,KABC",
        "٣٠,SP1,Acme,now,KABC".encode(),
        b"9" * 5_000 + b",SP1,Acme,now,KABC",
        b"x" * 200_000,
    ],
)
def test_csv_that_lacks_a_field_is_no_spot(raw: bytes) -> None:
    assert reading("csv", COLUMNS)(raw) is None


def test_a_carriage_return_before_the_line_end_is_no_part_of_a_field() -> None:
    row = b"30,SP1,Acme,2026-11-24T05:30:00-05:00,KABC\r"
    assert reading("csv", COLUMNS)(row) == SPOT
    assert reading("ndjson")(json.dumps(FIELDS).encode() + b"\r") == SPOT


def test_the_request_id_is_that_of_the_contract() -> None:
    checksum = "c" * 64
    expected = request_id("SP1", SPOT.airtime, checksum, "KABC")
    assert SPOT.request_id(checksum) == expected
    assert SPOT._replace(station="WXYZ").request_id(checksum) != expected


def test_text_that_no_export_can_hold_has_no_request_id() -> None:
    assert SPOT._replace(spot_id="\ud800").request_id("c" * 64) is None
