"""Every scheduled spot under its request ID: the API's idempotency, kept by SQLite."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from connectors.avstar.sandbox.record import SpotRecord

Scheduling = Literal["accepted", "duplicate", "conflict"]
"""`duplicate` is the same content under the same request ID, `conflict` other content."""

PAGE_ROWS = 1000

_COLUMNS = ("request_id", *SpotRecord.model_fields)

_CREATE = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;  -- spots outlive the uploader, not a power cut under the sandbox
    PRAGMA cache_size = -65536;  -- 64 MiB: the index of request IDs is hit at random
    CREATE TABLE IF NOT EXISTS spots (
        row INTEGER PRIMARY KEY,
        request_id TEXT NOT NULL UNIQUE,
        spot_id TEXT NOT NULL,
        station TEXT NOT NULL,
        airtime TEXT NOT NULL,
        duration_sec INTEGER NOT NULL,
        advertiser TEXT NOT NULL
    );
"""
_INSERT = """
    INSERT INTO spots (request_id, spot_id, station, airtime, duration_sec, advertiser)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING
"""
_CONTENT = """
    SELECT spot_id, station, airtime, duration_sec, advertiser FROM spots WHERE request_id = ?
"""
_PAGE = """
    SELECT row, request_id, spot_id, station, airtime, duration_sec, advertiser
    FROM spots WHERE row > ? ORDER BY row LIMIT ?
"""


class SpotStore:
    """Scheduled spots, at most one for each request ID; used by one thread.

    What is scheduled is known at once and on disk with the next `commit`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, database: Path | None) -> "SpotStore":
        """Open or create the database; None is a temporary one that goes with the store.

        Raises:
            sqlite3.Error: the file cannot be used.
        """
        connection = sqlite3.connect(database or "")
        try:
            connection.executescript(_CREATE)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def schedule(self, request_id: str, record: SpotRecord) -> Scheduling:
        """Schedule a spot unless its request ID is taken, and say which it was."""
        row = record.row()
        if self._connection.execute(_INSERT, (request_id, *row)).rowcount:
            return "accepted"
        known = self._connection.execute(_CONTENT, (request_id,)).fetchone()
        return "duplicate" if known == row else "conflict"

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT count(*) FROM spots").fetchone()[0]
        return count

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """Yield all spots in the order they came, page by page; more may come in between."""
        last = 0
        while rows := self._connection.execute(_PAGE, (last, PAGE_ROWS)).fetchall():
            last = rows[-1][0]
            yield [dict(zip(_COLUMNS, row[1:], strict=True)) for row in rows]

    def commit(self) -> None:
        """Write to disk what was scheduled since the last time."""
        self._connection.commit()

    def close(self) -> None:
        """Commit and close."""
        self._connection.commit()
        self._connection.close()
