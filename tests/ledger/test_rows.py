import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.rows import to_rows
from connectors.records import DeadLetter, Receipt

RECEIPT = Receipt(
    7,
    420,
    "SP1",
    "KABC",
    "2026-11-24T05:30:00-05:00",
    "f" * 32,
    "accepted",
    201,
    2,
    "2026-11-24T00:00:00.000+00:00",
    30,
    "Müller & Söhne",
    b"not written",
)
LETTER = DeadLetter(3, 90, "schema", "Duration is missing", None, False, None, 0, b'{"SpotID":1}')


def letter(raw: bytes) -> dict[str, object]:
    return json.loads(to_rows([LETTER._replace(raw=raw)]))


def test_a_receipt_has_the_fields_of_the_contract_in_their_order_and_then_the_rest() -> None:
    assert list(json.loads(to_rows([RECEIPT]))) == [
        "line",
        "offset",
        "spot_id",
        "station",
        "airtime",
        "request_id",
        "outcome",
        "status",
        "attempts",
        "delivered_at",
        "duration_sec",
        "advertiser",
    ]


def test_a_dead_letter_has_the_fields_of_the_contract_in_their_order() -> None:
    assert list(json.loads(to_rows([LETTER]))) == [
        "line",
        "offset",
        "reason",
        "detail",
        "status",
        "redrivable",
        "request_id",
        "attempts",
        "raw",
    ]


def test_what_is_not_known_is_null() -> None:
    row = json.loads(to_rows([LETTER]))
    assert (row["status"], row["request_id"], row["redrivable"]) == (None, None, False)


def test_text_stands_in_a_row_as_it_is_written() -> None:
    row = to_rows([RECEIPT._replace(spot_id="Müller 東京")])
    assert "Müller 東京".encode() in row


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\u2028", '"', "\\", "\x00", "\x85"])
def test_a_row_is_one_line_whatever_it_holds(text: str) -> None:
    row = to_rows([RECEIPT._replace(spot_id=text)])
    assert row.count(b"\n") == 1
    assert row.endswith(b"\n")
    assert json.loads(row)["spot_id"] == text


def test_the_carriage_return_of_a_line_end_is_no_part_of_the_record() -> None:
    assert letter(b"abc\r")["raw"] == "abc"


def test_bytes_that_are_no_text_are_kept_in_base64_as_well() -> None:
    row = letter(b"Caf\xe9")
    assert row["raw"] == "Caf\N{REPLACEMENT CHARACTER}"
    assert base64.b64decode(str(row["raw_base64"])) == b"Caf\xe9"


def test_text_needs_no_base64() -> None:
    assert "raw_base64" not in letter("Café".encode())


@given(st.binary(max_size=60))
def test_the_original_bytes_can_be_had_back(raw: bytes) -> None:
    row = letter(raw)
    coded = row.get("raw_base64")
    found = base64.b64decode(str(coded)) if coded is not None else str(row["raw"]).encode()
    assert found == raw.removesuffix(b"\r")
