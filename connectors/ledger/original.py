"""A dead letter's record as it was, for people to read and to correct."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
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


@lru_cache(maxsize=64)  # asked of each row, and the same for all rows of a ledger
def columns_of(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns of a CSV apart, and as they were before they went into a sheet.

    Where a name comes again, the second one is `name (2)`.
    """
    counts: Counter[str] = Counter()
    found: dict[str, None] = {}
    for column in columns:
        name = restored(column) if is_sheet(columns) else column
        counts[name] += 1
        found[name if counts[name] == 1 else f"{name} ({counts[name]})"] = None
    return tuple(found) if len(found) == len(columns) else columns


def content(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return what two spots of one request ID may still differ in."""
    _, _, _, duration, advertiser = (fields[name] for name in COLUMNS)
    return str(int(duration)), advertiser


def _row(raw: bytes, columns: Sequence[str]) -> dict[str, Any]:
    [row] = csv.reader([raw.decode()])
    cells = dict(zip(columns_of(tuple(columns)), row, strict=True))
    if not is_sheet(columns):
        return cells
    kept = {name: restored(cell) for name, cell in cells.items() if name not in ADDED}
    return kept | unfold(cells).fields
