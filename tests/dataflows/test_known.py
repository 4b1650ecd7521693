"""What Avstar has of an export, or of the one that a sheet comes from, as ledgers say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connectors.avion import survey
from connectors.ledger import identity_of
from connectors.ledger.rows import to_rows
from connectors.records import Export, Receipt
from dataflows.known import RECENT, known
from dataflows.settings import Settings, load_settings


def ago(time: timedelta) -> str:
    return (datetime.now(timezone.utc) - time).isoformat(timespec="milliseconds")


RECEIPT = Receipt(
    1, 0, "SP1", "K", "t", "f" * 32, "accepted", 201, 1, ago(timedelta(0)), 30, "Acme", b"raw"
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(out=tmp_path / "out", api_url="http://a/v1")


@pytest.fixture
def export(new_export: Callable[..., Path], settings: Settings) -> Export:
    """An export of which something was delivered."""
    export = survey(new_export(10))
    folder = settings.out_folder / export.key
    identity_of(export, api_url="http://a/v1", line_limit=1 << 20, stations=None).write(folder)
    (folder / "receipts.ndjson").write_bytes(to_rows([RECEIPT]))
    return export


def test_it_is_what_was_delivered_of_the_export(settings: Settings, export: Export) -> None:
    [spot] = known(settings, [export])

    assert (spot.spot_id, spot.request_id) == (RECEIPT.spot_id, RECEIPT.request_id)


def test_of_a_sheet_it_is_what_was_delivered_of_its_night(
    settings: Settings, export: Export
) -> None:
    sheet = replace(export, checksum="ab" * 32, ancestors=(export.checksum,))

    assert len(known(settings, [sheet])) == 1


def test_another_night_and_another_api_are_none_of_its_business(
    settings: Settings, export: Export
) -> None:
    elsewhere = load_settings(out=settings.out_folder, api_url="http://b/v1")

    assert known(settings, [replace(export, checksum="ab" * 32)]) == []
    assert known(elsewhere, [export]) == []


def test_a_ledger_that_cannot_be_read_tells_nothing_and_stops_nothing(
    settings: Settings, export: Export
) -> None:
    (settings.out_folder / export.key / "manifest.json").write_text("{")

    assert known(settings, [export]) == []


def test_what_the_api_may_have_forgotten_is_not_sent_again(
    settings: Settings, export: Export
) -> None:
    old = RECEIPT._replace(delivered_at=ago(RECENT))
    (settings.out_folder / export.key / "receipts.ndjson").write_bytes(to_rows([old]))

    assert known(settings, [export]) == []
