"""What became of dead letters since: an index over ledgers that come one after the other."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations, groupby
from typing import Any, NamedTuple

from connectors.ledger.closing_sql import (
    COUNTS,
    HEIRS,
    LEFT_OF,
    OPEN,
    ORPHANS,
    SCHEMA,
    STRANGERS,
    TWICE,
    UNCERTAIN,
)
from connectors.ledger.open_letter import OpenLetter
from connectors.ledger.original import content, original
from connectors.ledger.rows import read_row
from connectors.ledger.sealed import Sealed
from connectors.records import DeadLetter
from connectors.scratch import scratch


class Came(NamedTuple):
    """Dead letters by what became of them: the `replaced` have heirs, the `open` nothing yet.

    One that came again under its own request ID counts once.
    """

    delivered: int
    replaced: int
    open: int


Chosen = Callable[[Sealed], bool]


class Twice(NamedTuple):
    """A record that was delivered, and once more as another that took its place.

    Both are the checksum of an export and the offset in it.
    """

    first: tuple[str, int]
    second: tuple[str, int]


class Closing:
    """Follows each dead letter through later ledgers; made by `closing`.

    A row that kept the request ID of its ancestor is the ancestor once more; any other that comes
    from it is its heir.
    """

    def __init__(self, database: sqlite3.Connection, ledgers: Sequence[Sealed]) -> None:
        self._database = database
        self._ledgers = ledgers
        self._names = {one.manifest.checksum: one.manifest.export for one in ledgers}
        for number, ledger in enumerate(ledgers):
            self._add_letters(number, ledger)
        exports = [ledger for ledger in ledgers if not ledger.manifest.ancestors]
        for ledger in ledgers:
            if ledger.manifest.ancestors:
                self._add_receipts(ledger)
        uncertain = {export for (export,) in database.execute(UNCERTAIN)}
        for ledger in exports:  # of the others nobody needs to know what exactly Avstar has
            if ledger.manifest.checksum in uncertain:
                self._add_receipts(ledger)

    def export_of(self, checksum: str) -> str:
        """Return the name of an export, empty if none of the ledgers is about it."""
        return self._names.get(checksum, "")

    def open_letters(self, of: Chosen = lambda _ledger: True) -> Iterator[OpenLetter]:
        """Yield the dead letters that nothing has come after, of the ledgers that are chosen."""
        for number, ledger in enumerate(self._ledgers):
            if not of(ledger):
                continue
            with ledger.dead_letters.open("rb") as file:
                for position, contested in self._database.execute(OPEN, (number,)):
                    yield OpenLetter(ledger, ledger.letter_at(file, position), bool(contested))

    def is_left_of(self, checksum: str) -> bool:
        """Tell whether a dead letter of an export is open, or what it was replaced by."""
        return self._database.execute(LEFT_OF, (checksum,)).fetchone() is not None

    def came(self) -> Came:
        """Count the dead letters of all ledgers."""
        return Came(*self._database.execute(COUNTS).fetchone())

    def twice(self) -> Iterator[Twice]:
        """Yield what was delivered in two forms: as it was and another, or in two sheets."""
        for row in self._database.execute(TWICE):
            yield Twice((row[0], row[1]), (row[2], row[3]))
        for _, rows in groupby(self._database.execute(HEIRS), lambda row: row[:2]):
            sheets: dict[str, dict[str, tuple[str, int]]] = {}
            for _, _, sheet, export, offset, request_id in rows:
                sheets.setdefault(sheet, {})[request_id] = export, offset
            for one, other in combinations(sheets.values(), 2):
                if not (one.keys() <= other.keys() or other.keys() <= one.keys()):
                    yield Twice(next(iter(one.values())), next(iter(other.values())))

    def strangers(self) -> Iterator[tuple[str, int]]:
        """Yield dead letters that were delivered once more, but not under their own request ID."""
        yield from self._database.execute(STRANGERS)

    def orphans(self) -> Iterator[tuple[str, int]]:
        """Yield ancestors that are no dead letters of the ledgers that would have to hold them."""
        known = {ledger.manifest.checksum for ledger in self._ledgers}
        return (row for row in self._database.execute(ORPHANS) if row[0] in known)

    def _add_letters(self, number: int, ledger: Sealed) -> None:
        checksum = ledger.manifest.checksum
        for position, letter in ledger.letters():
            key = checksum, letter.offset
            if letter.ancestor:
                key = self._key(letter.ancestor._asdict(), letter.request_id, key)
            held = _content(letter, ledger)
            if held and letter.redrivable:
                self._contest(letter.request_id, held)
            values = (*key, number, position, letter.request_id, held)
            self._database.execute(
                "INSERT OR REPLACE INTO letter VALUES (?, ?, ?, ?, ?, ?)", values
            )
            if letter.reason == "conflicting_duplicate":
                self._contest(letter.request_id, "")

    def _add_receipts(self, ledger: Sealed) -> None:
        with ledger.receipts.open("rb") as file:
            for line in file:
                row = read_row(ledger.receipts, line)
                if ancestor := row.get("ancestor"):
                    own = ledger.manifest.checksum, row["offset"]
                    key = self._key(ancestor, row["request_id"], own)
                    values = (*key, row["request_id"])
                    self._database.execute(
                        "INSERT OR IGNORE INTO delivered VALUES (?, ?, ?)", values
                    )
                held = _joined(row["duration_sec"], row["advertiser"])
                self._compare(row["request_id"], held)

    def _key(
        self, ancestor: dict[str, Any], request_id: str | None, own: tuple[str, int]
    ) -> tuple[str, int]:
        """Return the record that a row is about: its ancestor once more, or one of its own."""
        before = ancestor["checksum"], ancestor["offset"]
        if request_id and request_id == ancestor["request_id"]:
            return before
        self._database.execute("INSERT OR IGNORE INTO heir VALUES (?, ?, ?, ?)", (*before, *own))
        return own

    def _compare(self, request_id: str, held: str) -> None:
        """Note that under the request ID of a dead letter Avstar has another content."""
        others = (
            "SELECT 1 FROM letter WHERE request_id = ? AND content IS NOT NULL AND content <> ?"
        )
        if self._database.execute(others, (request_id, held)).fetchone():
            self._contest(request_id, held)

    def _contest(self, request_id: str | None, held: str) -> None:
        """Note what Avstar has, or may have, under a request ID; empty if nobody knows."""
        values = request_id, held
        self._database.execute("INSERT OR IGNORE INTO contested VALUES (?, ?)", values)


@contextmanager
def closing(ledgers: Sequence[Sealed]) -> Iterator[Closing]:
    """Index ledgers, oldest first, on disk; the index is gone when the process ends.

    Raises:
        RefusedError: A ledger is damaged.
        HaltedError: There is no room for the index.
    """
    with scratch(SCHEMA) as database:
        yield Closing(database, ledgers)


def _content(letter: DeadLetter, ledger: Sealed) -> str | None:
    """Say what a spot holds; None of what never became one."""
    fields = original(letter, ledger.manifest) if letter.request_id else None
    return _joined(*content(fields)) if fields else None


def _joined(duration: object, advertiser: str) -> str:
    return f"{duration} {advertiser}"
