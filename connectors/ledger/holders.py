"""Who holds a request ID: an index of a ledger's rows, on disk and gone with its process."""

import base64
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from connectors.errors import HaltedError, unwritten
from connectors.ledger.conflicts import Holder, Kind, content_digest, raw_digest

INDEX = ".request-ids"
CACHE_KIBIBYTES = 8 * 1024
"""Memory of the index, whatever its size."""

_SCHEMA = f"""
PRAGMA cache_size = -{CACHE_KIBIBYTES};
PRAGMA journal_mode = OFF;
CREATE TABLE holder (
    request_id TEXT, line INTEGER, kind TEXT, digest BLOB,
    PRIMARY KEY (request_id, line)
) WITHOUT ROWID;
"""


class Holders:
    """Looks up who holds a request ID, in the rows of a ledger that it has read.

    It learns from the ledger's files and from nothing else, so after a crash it says what they
    say. Its own file has no name and is gone with the process, however that ends.

    Args:
        receipts: File of the receipts.
        dead_letters: File of the dead letters.

    Raises:
        HaltedError: There is no room for it, or a row is damaged; so do the methods.
    """

    def __init__(self, receipts: Path, dead_letters: Path) -> None:
        self._readers = {receipts: _receipt, dead_letters: _dead_letter}
        self._read = dict.fromkeys(self._readers, 0)
        self._folder = receipts.parent
        path = self._folder / INDEX
        with self._room(), ExitStack() as undo:
            self._database = sqlite3.connect(path)
            undo.callback(self._database.close)
            self._database.executescript(_SCHEMA)
            path.unlink()
            undo.pop_all()

    def catch_up(self) -> None:
        """Read what was written to the files since the last time, and flushed."""
        with self._room():
            for path, read in self._readers.items():
                self._database.executemany(
                    "INSERT OR IGNORE INTO holder VALUES (?, ?, ?, ?)", self._rows(path, read)
                )

    def add(self, request_id: str, holder: Holder) -> None:
        """Take in a row before it is written."""
        with self._room():
            row = (request_id, *holder)
            self._database.execute("INSERT OR IGNORE INTO holder VALUES (?, ?, ?, ?)", row)

    def of(self, request_id: str) -> list[Holder]:
        """Give the rows that Avstar has, or may have, under a request ID."""
        with self._room():
            rows = self._database.execute(
                "SELECT line, kind, digest FROM holder WHERE request_id = ?", (request_id,)
            )
            return list(map(Holder._make, rows))

    def close(self) -> None:
        """Let go of the index."""
        self._database.close()

    def _rows(self, path: Path, read: "_Reader") -> Iterator[tuple[Any, ...]]:
        with path.open("rb") as file:
            file.seek(self._read[path])
            for line in file:
                try:
                    fields = from_json(line)
                    holder = read(fields)
                except (ValueError, KeyError, TypeError):
                    raise _damaged(path, self._read[path]) from None
                if holder:
                    yield fields["request_id"], *holder
                self._read[path] += len(line)

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise unwritten(self._folder, str(error)) from error


def _damaged(path: Path, position: int) -> HaltedError:
    return HaltedError(
        f"{path} is damaged in the row at byte {position:,}; put back the one that was there, or "
        f"move {path.parent} and the state folder away to begin anew (what was delivered is then "
        "sent again and counted as duplicate; nothing is scheduled twice)"
    )


_Reader = Callable[[Mapping[str, Any]], Holder | None]


def _receipt(fields: Mapping[str, Any]) -> Holder:
    digest = content_digest(fields["duration_sec"], fields["advertiser"])
    return Holder(fields["line"], fields["outcome"], digest)


def _dead_letter(fields: Mapping[str, Any]) -> Holder | None:
    kind = _kind(fields)
    if kind is None:
        return None
    coded = fields.get("raw_base64")
    raw = fields["raw"].encode() if coded is None else base64.b64decode(coded)
    return Holder(fields["line"], kind, raw_digest(raw))


def _kind(fields: Mapping[str, Any]) -> Kind | None:
    if fields["redrivable"]:
        return "redrivable"
    if fields["reason"] == "conflicting_duplicate":
        return "conflicting"
    return None  # refused for good, or never sent: Avstar does not have it
