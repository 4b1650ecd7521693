"""Sheets of sealed ledgers, as files that tests correct."""

import csv
from pathlib import Path

from connectors.avion import survey
from connectors.desk import write_sheet
from connectors.ledger import closing
from connectors.records import Export
from tests.ledger.ledgers import Ledgers

Cells = dict[str, str]


def rows_of(ledgers: Ledgers, path: Path) -> list[Cells]:
    """Write a sheet of all that is open and return its rows."""
    with closing(ledgers.ledgers()) as index:
        write_sheet(path, index)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def save(path: Path, rows: list[Cells]) -> Export:
    """Save rows as a spreadsheet does, and survey them."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return survey(path)
