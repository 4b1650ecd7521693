"""Some of what a ledger says was delivered."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.ledger.excerpt import some_delivered
from connectors.ledger.rows import to_rows
from connectors.records import Spot
from tests.ledger.test_rows import RECEIPT

THEN = datetime.fromisoformat(RECEIPT.delivered_at)


def write(folder: Path, numbers: range, torn: bytes = b"") -> None:
    rows = [to_rows([RECEIPT._replace(line=n, station=f"K{n}")]) for n in numbers]
    (folder / "receipts.ndjson").write_bytes(b"".join(rows) + torn)


def test_a_spot_is_as_it_was_sent(tmp_path: Path) -> None:
    write(tmp_path, range(7, 8))

    [spot] = some_delivered(tmp_path, THEN)

    assert spot == Spot(
        7, 420, "SP1", "K7", RECEIPT.airtime, 30, "Müller & Söhne", RECEIPT.request_id, b""
    )


def test_of_a_long_ledger_the_first_and_the_last_are_enough(tmp_path: Path) -> None:
    write(tmp_path, range(1, 20_001))

    lines = [spot.line for spot in some_delivered(tmp_path, THEN)]

    assert (lines[0], lines[-1]) == (1, 20_000)
    assert len(lines) < 1000
    assert lines == sorted(lines)


def test_of_a_middling_one_a_spot_may_come_twice(tmp_path: Path) -> None:
    write(tmp_path, range(1, 401))

    assert {spot.line for spot in some_delivered(tmp_path, THEN)} == set(range(1, 401))


@pytest.mark.parametrize("torn", [b'{"line": 3, "off', b"null\n", b"[1]\n", b"{}\n", b"\xff\n"])
def test_what_cannot_be_read_is_passed_over(tmp_path: Path, torn: bytes) -> None:
    write(tmp_path, range(1, 3), torn)

    assert [spot.line for spot in some_delivered(tmp_path, THEN)] == [1, 2]


def test_where_nothing_was_delivered_there_is_none(tmp_path: Path) -> None:
    assert list(some_delivered(tmp_path, THEN)) == []
    write(tmp_path, range(0))
    assert list(some_delivered(tmp_path, THEN)) == []


def test_what_was_delivered_before_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, range(1, 3))

    assert list(some_delivered(tmp_path, THEN + timedelta(milliseconds=1))) == []
