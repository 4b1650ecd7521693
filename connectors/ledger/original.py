"""A dead letter's record as it was, for people to read and to correct."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from connectors.cells import restored
from connectors.ledger.manifest import Manifest
from connectors.records import COLUMNS, DeadLetter
from connectors.sheet import ADDED, is_sheet, unfold

_NO_RECORDS = frozenset({"not_json", "not_csv", "encoding", "line_too_long"})


def original(letter: DeadLetter, manifest: Manifest) -> dict[str, Any] | None:
    """Return a record's fields by name; None for what was no record at all."""
    if letter.reason in _NO_RECORDS:
        return None
    try:
        if manifest.format == "csv":
            return _row(letter.raw, manifest.columns)
        fields: dict[str, Any] = from_json(letter.raw)
    except (ValueError, csv.Error):
        return None
    return fields


def content(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return what two spots of one request ID may still differ in."""
    _, _, _, duration, advertiser = (fields[name] for name in COLUMNS)
    return str(int(duration)), advertiser


def _row(raw: bytes, columns: Sequence[str]) -> dict[str, Any]:
    [row] = csv.reader([raw.decode()])
    cells = dict(zip(columns, row, strict=True))
    if not is_sheet(columns):
        return cells
    kept = {name: restored(cell) for name, cell in cells.items() if name not in ADDED}
    return kept | unfold(cells).fields
