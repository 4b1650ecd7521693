"""Some of the spots that a ledger says were delivered, without reading all of it."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic_core import from_json

from connectors.ledger.row_files import RECEIPTS
from connectors.records import Spot

_BLOCK = 1 << 16
"""Bytes that are read at the beginning and at the end: some hundred rows each."""


def some_delivered(folder: Path, since: datetime) -> Iterator[Spot]:
    """Yield the first and the last spots that were delivered, as they were sent; `raw` is empty.

    Those that were delivered before `since` are left out.

    Raises:
        OSError: The file cannot be read.
    """
    path = folder / RECEIPTS
    if not path.is_file():
        return
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        for start in sorted({0, max(0, size - _BLOCK)}):
            file.seek(start)
            for row in file.read(_BLOCK).split(b"\n"):
                if spot := _spot(row, since):
                    yield spot


def _spot(row: bytes, since: datetime) -> Spot | None:
    """Read a receipt as the spot that it is about; None if it is too old, cut off, or damaged."""
    try:
        fields = from_json(row)
        if datetime.fromisoformat(fields["delivered_at"]) < since:
            return None
        return Spot(
            fields["line"],
            fields["offset"],
            fields["spot_id"],
            fields["station"],
            fields["airtime"],
            fields["duration_sec"],
            fields["advertiser"],
            fields["request_id"],
            b"",
        )
    except (ValueError, KeyError, TypeError):
        return None
