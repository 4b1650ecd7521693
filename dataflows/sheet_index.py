"""Rows of all sheets that are to be uploaded: which of them would be in two forms?"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple

from connectors.avion.sheet_rows import Airing, SheetRow
from connectors.request_id import UNIT_SEPARATOR
from connectors.scratch import scratch

_SCHEMA = """
CREATE TABLE row (
    sheet INTEGER, line INTEGER, export TEXT, offset INTEGER, request_id TEXT, airing BLOB,
    new INTEGER
);
CREATE INDEX record ON row (export, offset) WHERE export IS NOT NULL;
CREATE INDEX airing ON row (airing) WHERE airing IS NOT NULL;
"""

_OTHERWISE = """
SELECT one.sheet, one.line, other.sheet, other.line
FROM row one JOIN row other ON other.export = one.export AND other.offset = one.offset
WHERE one.export IS NOT NULL AND other.sheet < one.sheet AND other.export IS NOT NULL
AND NOT EXISTS (
    SELECT 1 FROM row same WHERE same.export = one.export AND same.offset = one.offset
    AND same.export IS NOT NULL AND same.sheet = other.sheet AND same.request_id IS one.request_id
) LIMIT 1
"""

_LEFT_AND_NEW = """
SELECT one.sheet, one.line, other.sheet, other.line
FROM row one JOIN row other ON other.export = one.export AND other.offset = one.offset
WHERE one.export IS NOT NULL AND other.export IS NOT NULL
AND one.new AND NOT other.new AND other.airing IS NOT NULL LIMIT 1
"""

_SAME_AIRING = """
SELECT one.sheet, one.line, other.sheet, other.line
FROM row one JOIN row other ON other.airing = one.airing
WHERE one.new AND one.airing IS NOT NULL AND other.airing IS NOT NULL
AND other.request_id <> one.request_id LIMIT 1
"""


class Place(NamedTuple):
    """A row: the number of its sheet, and its line."""

    sheet: int
    line: int


class SheetIndex:
    """Rows of sheets, by what they come from and by what they air; memory is bounded."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, sheet: int, rows: Iterable[SheetRow]) -> None:
        """Take in a sheet."""
        self._database.executemany(
            "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?)", (_values(sheet, row) for row in rows)
        )

    def records(self, sheet: int) -> Iterator[tuple[tuple[str, int], str | None]]:
        """Yield what the rows of a sheet come from, with the request IDs that they would have."""
        query = "SELECT export, offset, request_id FROM row WHERE sheet = ? AND export IS NOT NULL"
        for export, offset, request_id in self._database.execute(query, (sheet,)):
            yield (export, offset), request_id

    def line_of(self, sheet: int, record: tuple[str, int]) -> int:
        """Return the first line of a sheet that comes from a record."""
        query = "SELECT min(line) FROM row WHERE export = ? AND offset = ? AND sheet = ?"
        return int(self._database.execute(query, (*record, sheet)).fetchone()[0])

    def otherwise(self) -> tuple[Place, Place] | None:
        """Return two rows of different sheets that come from one record, and differ."""
        return self._pair(_OTHERWISE)

    def left_and_new(self) -> tuple[Place, Place] | None:
        """Return a corrected row, and another of the same record that is left as it was."""
        return self._pair(_LEFT_AND_NEW)

    def same_airing(self) -> tuple[Place, Place] | None:
        """Return a row with a new request ID, and another that airs the same under another one."""
        return self._pair(_SAME_AIRING)

    @property
    def has_new(self) -> bool:
        """Tell whether there are rows with new request IDs."""
        return self._database.execute("SELECT 1 FROM row WHERE new LIMIT 1").fetchone() is not None

    def airs(self, airing: Airing, request_id: str) -> Place | None:
        """Return a row with a new request ID that airs what was delivered under another one."""
        query = "SELECT sheet, line FROM row WHERE airing = ? AND new AND request_id <> ? LIMIT 1"
        found = self._database.execute(query, (airing_digest(airing), request_id)).fetchone()
        return Place(*found) if found else None

    def _pair(self, query: str) -> tuple[Place, Place] | None:
        found = self._database.execute(query).fetchone()
        return (Place(*found[:2]), Place(*found[2:])) if found else None


@contextmanager
def sheet_index() -> Iterator[SheetIndex]:
    """Open an empty index.

    Raises:
        HaltedError: There is no room for it.
    """
    with scratch(_SCHEMA) as database:
        yield SheetIndex(database)


def _values(sheet: int, row: SheetRow) -> tuple[object, ...]:
    export, offset = (row.ancestor.checksum, row.ancestor.offset) if row.ancestor else (None, None)
    airing = airing_digest(row.airing) if row.airing else None
    return sheet, row.line, export, offset, row.request_id, airing, row.new


def airing_digest(airing: Airing) -> bytes:
    """Return what stands for what a row airs, in a bounded number of bytes."""
    text = UNIT_SEPARATOR.join(airing)
    return blake2b(text.encode(errors="replace"), digest_size=16).digest()
