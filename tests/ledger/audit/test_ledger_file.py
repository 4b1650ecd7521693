import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.audit.findings import Findings
from connectors.ledger.audit.ledger_file import DEAD_LETTERS, RECEIPTS, LedgerFile, original, parse
from connectors.ledger.audit.shape import DEAD_LETTER, RECEIPT
from connectors.ledger.rows import to_rows
from connectors.records import DeadLetter, Receipt

AIRTIME = "2026-11-24T05:30:00-05:00"
RECEIPT_ROW = to_rows(
    [Receipt(1, 0, "SP1", "KABC", AIRTIME, "0" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw")]
)


def letter_row(raw: bytes, /, reason: str = "schema", **changes: object) -> bytes:
    letter = DeadLetter(1, 0, reason, "why", None, False, None, 0, raw)  # type: ignore[arg-type]
    return json.dumps({**json.loads(to_rows([letter])), **changes}).encode() + b"\n"


def test_well_formed_rows_come_with_the_line_and_byte_where_they_start(tmp_path: Path) -> None:
    findings = Findings()
    (tmp_path / RECEIPTS).write_bytes(RECEIPT_ROW + b"{}\n" + RECEIPT_ROW)
    rows = list(LedgerFile(tmp_path / RECEIPTS, findings))
    assert [(row.number, row.position) for row in rows] == [(1, 0), (3, len(RECEIPT_ROW) + 3)]
    assert rows[1].fields["airtime"] == AIRTIME
    assert list(findings) == [f"{tmp_path}/{RECEIPTS}:2: has no `line` [row]"]


@pytest.mark.parametrize("content", [b"", RECEIPT_ROW, b"\n\n", b"torn", b"\xff" * 1000])
def test_the_digest_is_that_of_the_whole_file_whatever_stands_in_it(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / RECEIPTS).write_bytes(content)
    file = LedgerFile(tmp_path / RECEIPTS, Findings())
    list(file)
    assert file.sha256 == sha256(content).hexdigest()


def test_a_last_row_without_line_end_is_torn_and_counts_if_it_is_whole(tmp_path: Path) -> None:
    findings = Findings()
    (tmp_path / RECEIPTS).write_bytes(RECEIPT_ROW[:-1])
    assert len(list(LedgerFile(tmp_path / RECEIPTS, findings))) == 1
    assert findings.counts == {"torn": 1}


def test_a_file_that_is_missing_has_no_rows_and_is_a_finding(tmp_path: Path) -> None:
    findings = Findings()
    assert list(LedgerFile(tmp_path / DEAD_LETTERS, findings)) == []
    assert findings.counts == {"file": 1}


@given(st.binary())
def test_the_bytes_of_a_dead_letter_are_the_original_ones(raw: bytes) -> None:
    fields, flaw = parse(letter_row(raw), DEAD_LETTER)
    assert flaw is None
    assert original(fields) == raw.removesuffix(b"\r")


@pytest.mark.parametrize(
    "exact", ["", "!", 7, base64.b64encode(b"Caf\xe9s").decode(), base64.b64encode(b"").decode()]
)
def test_base64_that_is_not_what_raw_shows_is_a_flaw(exact: object) -> None:
    _, flaw = parse(letter_row(b"Caf\xe9", raw_base64=exact), DEAD_LETTER)
    assert flaw == "`raw_base64` is not what `raw` shows"


@pytest.mark.parametrize("length", [None, -1, "7"])
def test_a_length_that_is_none_is_a_flaw(length: object) -> None:
    _, flaw = parse(letter_row(b"head", "line_too_long", length=length), DEAD_LETTER)
    assert flaw == f"`length` cannot be {length!r}"
    assert parse(letter_row(b"head", "line_too_long", length=9), DEAD_LETTER)[1] is None


@given(st.binary())
def test_bytes_that_are_no_row_are_a_flaw(line: bytes) -> None:
    assert parse(line, RECEIPT)[1] is not None


def test_a_row_nested_too_deep_to_read_is_a_flaw() -> None:
    assert parse(b"[" * 1_000_000, RECEIPT)[1] == "is not JSON"


def test_a_lone_surrogate_never_equals_the_bytes_of_an_export() -> None:
    fields, flaw = parse(letter_row(b"x", raw="\ud800"), DEAD_LETTER)
    assert flaw is None
    with pytest.raises(UnicodeDecodeError):
        (original(fields) or b"").decode()
