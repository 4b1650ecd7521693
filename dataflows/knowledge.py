"""What a recovery store knows of an export."""

import sqlite3
from contextlib import closing
from enum import Enum
from pathlib import Path

from connectors.errors import RefusedError, unwritten
from connectors.records import Export
from dataflows.store import PARTS

_TABLES = frozenset({"parts", "exs", "fronts", "commits", "snaps"})
"""What the engine makes in a store, and reads when it resumes."""


class Knowledge(Enum):
    """What a store knows of an export."""

    NOTHING = "nothing"
    LANES = "how far lanes have read"
    LEDGER = "how far its ledger has come"
    SEALED = "that its ledger was sealed"


def knowledge(folder: Path, export: Export) -> Knowledge:
    """Look up an export in a store; of one that was never used, nothing is known.

    Raises:
        RefusedError: The store is damaged.
        HaltedError: It cannot be read now.
    """
    rows = [row for part in folder.glob(PARTS) for row in _snapshots(part, export)]
    of_ledger = [snapshot for key, snapshot in rows if key == export.key]
    if of_ledger:
        return Knowledge.LEDGER if of_ledger[-1] else Knowledge.SEALED
    return Knowledge.LANES if rows else Knowledge.NOTHING


def _snapshots(part: Path, export: Export) -> list[tuple[str, bytes | None]]:
    """Return the snapshots of an export's ledger and of lanes that have read of it, by key."""
    lookup = (
        "SELECT state_key, ser_change FROM snaps WHERE state_key = ? OR instr(ser_change, ?) "
        "ORDER BY snap_epoch"
    )
    try:
        with closing(sqlite3.connect(part)) as store:
            _refuse_damage(store)
            # Lanes keep what they have read of by its checksum.
            return store.execute(lookup, (export.key, export.checksum.encode())).fetchall()
    except sqlite3.OperationalError as error:  # the disk, not what stands on it
        raise unwritten(part, str(error)) from None
    except sqlite3.DatabaseError as error:  # the engine would only panic, and maybe late
        raise RefusedError(
            f"{part} cannot be used: {error}; move {part.parent} away, and the run goes on from "
            "the ledger's .checkpoint"
        ) from None


def _refuse_damage(store: sqlite3.Connection) -> None:
    [found] = store.execute("PRAGMA quick_check(1)").fetchone()
    tables = {name for (name,) in store.execute("SELECT name FROM sqlite_schema")}
    if found != "ok" or not tables >= _TABLES:
        raise sqlite3.DatabaseError("it is damaged" if found != "ok" else "it is no store")
