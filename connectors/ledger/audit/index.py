"""Index of a ledger by offset, on disk: millions of rows come back in the order of the export."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from connectors.scratch import scratch

_SCHEMA = """
CREATE TABLE place (
    offset INTEGER, file TEXT, row INTEGER, position INTEGER, request BLOB,
    PRIMARY KEY (offset, file, row)
) WITHOUT ROWID;
"""

_REPEATED = """
SELECT * FROM place WHERE request IN (
    SELECT request FROM place WHERE request IS NOT NULL GROUP BY request HAVING count(*) > 1
) ORDER BY request, row
"""


class Place(NamedTuple):
    """Where a record stands in a ledger.

    `offset` is the record's in the export; `file` the one of the ledger, `row` the 1-based line
    in it and `position` the byte at which that line starts. `request` is the request ID of a
    receipt, None for others.
    """

    offset: int
    file: str
    row: int
    position: int
    request: bytes | None


class Index:
    """Places in the order of the export. Made by `temporary_index`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, places: Iterable[Place]) -> None:
        """Take in places of one file; an offset may come more than once."""
        self._database.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?)", places)

    def __iter__(self) -> Iterator[list[Place]]:
        """Give the places of each offset, offsets ascending."""
        rows = self._database.execute("SELECT * FROM place ORDER BY offset, file, row")
        for _, places in groupby(map(Place._make, rows), attrgetter("offset")):
            yield list(places)

    def repeated_requests(self) -> Iterator[list[Place]]:
        """Give the receipts of each request ID that more than one has, rows ascending."""
        rows = self._database.execute(_REPEATED)
        for _, places in groupby(map(Place._make, rows), attrgetter("request")):
            yield list(places)


@contextmanager
def temporary_index() -> Iterator[Index]:
    """Open an empty index; its file has no name and is gone when the index or process ends.

    Raises:
        RefusedError: There is no room for it.
    """
    with scratch(_SCHEMA) as database:
        yield Index(database)
