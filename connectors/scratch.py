"""Tables to work with: on disk, without a name, and gone with their process."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from connectors.errors import HaltedError

_SETTINGS = """
PRAGMA cache_size = -8192; -- KiB in memory, whatever the size; the rest in a temporary file
PRAGMA journal_mode = OFF;
"""


@contextmanager
def scratch(schema: str) -> Iterator[sqlite3.Connection]:
    """Open tables of this schema; their memory is bounded.

    Raises:
        HaltedError: There is no room for them.
    """
    try:
        with closing(sqlite3.connect("")) as database:
            database.executescript(_SETTINGS + schema)
            yield database
    except sqlite3.Error as error:
        raise HaltedError(
            f"no temporary index: {error}; let TMPDIR name a folder with room"
        ) from error
