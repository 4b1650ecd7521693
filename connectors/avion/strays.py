"""Cells of a sheet that stand in another's row: a column was sorted or moved alone."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple

from connectors.cells import is_same, restored
from connectors.records import COLUMNS
from connectors.scratch import scratch
from connectors.sheet import Past

_SCHEMA = """
CREATE TABLE cell (field INTEGER, value BLOB, was INTEGER, line INTEGER);
"""

_MOVED = """
WITH tally AS (
    SELECT field, sum(was) AS lost, sum(NOT was) AS got FROM cell GROUP BY field, value
)
SELECT field, sum(min(lost, got)) AS moved FROM tally
GROUP BY field HAVING moved > 1 AND 2 * moved > sum(got) ORDER BY field LIMIT 1
"""
# A correction takes what another row gave up by chance only. In a chain of two corrections, 15 to
# 30 and 30 to 60, half of the cells do at most; in a column that was sorted nearly all.

_LINES = """
SELECT DISTINCT line FROM cell one WHERE field = ? AND NOT was AND EXISTS (
    SELECT 1 FROM cell other WHERE other.field = one.field AND other.value = one.value AND other.was
) ORDER BY line LIMIT ?
"""

_SHOWN = 5

_NO_FIELDS: Sequence[str | None] = [None] * len(COLUMNS)


class Moved(NamedTuple):
    """A column whose cells changed rows: in how many of these, and the first lines of them."""

    column: str
    rows: int
    lines: Sequence[int]


class Strays:
    """Looks at row by row and tells in the end; made by `strays`. Memory is bounded."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, line: int, cells: Mapping[str, str], past: Past) -> None:
        """Take in a row that went out before: of what was corrected in it, both values."""
        before = past.fields() or _NO_FIELDS
        for field, (name, was) in enumerate(zip(COLUMNS, before, strict=True)):
            if not is_same(cells[name], was or ""):
                values = (_digest(restored(cells[name])), _digest(was or ""))
                self._database.executemany(
                    "INSERT INTO cell VALUES (?, ?, ?, ?)",
                    [(field, value, i, line) for i, value in enumerate(values)],
                )

    def moved(self) -> Moved | None:
        """Return the first column whose changed cells are, in the main, those of other rows."""
        found = self._database.execute(_MOVED).fetchone()
        if not found:
            return None
        self._database.execute("CREATE INDEX of_value ON cell (field, value, was)")
        lines = self._database.execute(_LINES, (found[0], _SHOWN))
        return Moved(COLUMNS[found[0]], found[1], [line for (line,) in lines])


@contextmanager
def strays() -> Iterator[Strays]:
    """Look for strays; what is kept for that is on disk, and gone at the end.

    Raises:
        HaltedError: There is no room for it.
    """
    with scratch(_SCHEMA) as database:
        yield Strays(database)


def _digest(text: str) -> bytes:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return blake2b(plain.encode(errors="replace"), digest_size=8).digest()
