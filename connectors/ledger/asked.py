"""Records that are asked after in ledgers: an index on disk, gone with its process."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from connectors.scratch import scratch

_SCHEMA = """
CREATE TABLE asked (
    export TEXT, offset INTEGER, request_id TEXT, round INTEGER, first_export TEXT,
    first_offset INTEGER
);
CREATE INDEX record ON asked (export, offset);
"""

_OF = """
SELECT request_id, first_export, first_offset FROM asked
WHERE export = ? AND offset = ? AND round = ?
"""

Record = tuple[str, int]
"""The checksum of an export, and the offset in it."""


class Question(NamedTuple):
    """The request IDs that a record may have, and the record that was asked after at first."""

    request_ids: set[str | None]
    first: Record


class Asked:
    """Records in rounds: what came of those of one round is asked after in the next."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._round = -1

    def begin(self, wanted: Iterable[tuple[Record, str | None]]) -> None:
        """Take in the records of the first round."""
        self._database.executemany(
            "INSERT INTO asked VALUES (?, ?, ?, 0, ?, ?)",
            ((*record, request_id, *record) for record, request_id in wanted),
        )

    def go_on(self) -> bool:
        """Begin the next round; tell whether there is anything to ask in it."""
        self._round += 1
        one = "SELECT 1 FROM asked WHERE round = ? LIMIT 1"
        return self._database.execute(one, (self._round,)).fetchone() is not None

    def of(self, record: Record) -> Question | None:
        """Return what is asked about a record in this round."""
        found = self._database.execute(_OF, (*record, self._round)).fetchall()
        if not found:
            return None
        return Question({request_id for request_id, *_ in found}, (found[0][1], found[0][2]))

    def later(self, record: Record, request_id: str | None, first: Record) -> None:
        """Ask in the next round after a record, if it was in none yet."""
        one = "SELECT 1 FROM asked WHERE export = ? AND offset = ? LIMIT 1"
        if not self._database.execute(one, record).fetchone():
            row = (*record, request_id, self._round + 1, *first)
            self._database.execute("INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?)", row)


@contextmanager
def asking(wanted: Iterable[tuple[Record, str | None]]) -> Iterator[Asked]:
    """Open the index with the records of its first round.

    Raises:
        HaltedError: There is no room for it.
    """
    with scratch(_SCHEMA) as database:
        asked = Asked(database)
        asked.begin(wanted)
        yield asked
