"""What ledgers delivered, asked by what each record of an export airs."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from sqlite3 import Connection

from connectors.avion.sheet_rows import Airing
from connectors.ledger.row_files import RECEIPTS
from connectors.ledger.rows import read_row
from connectors.scratch import scratch
from dataflows.sheet_index import airing_digest

Heard = Callable[[], object]
"""Called now and then while much is read; what it raises ends that."""

_SCHEMA = "CREATE TABLE aired (airing BLOB PRIMARY KEY, ledger INTEGER) WITHOUT ROWID;"
_HOUR = len("2026-11-24T05")
_AIRTIME = re.compile(rb'"airtime": ?"([^"]{%d})' % _HOUR)
_BLOCK = 1 << 20
_AT_ONCE = 2_000


class Delivered:
    """Knows what ledgers delivered; memory is bounded.

    Of most it is enough to know the hours that they deliver for, since another night has others.
    """

    def __init__(self, table: Connection, ledgers: Iterable[Path], heard: Heard) -> None:
        self._table = table
        self._heard = heard
        self._read: list[Path] = []
        self._for_hour: dict[str, set[Path]] = defaultdict(set)
        for ledger in ledgers:
            self._expect(ledger)

    def by(self, airing: Airing) -> Path | None:
        """Return a ledger that delivered what a record airs."""
        for ledger in self._for_hour.pop(airing[2][:_HOUR], ()):
            self._take_in(ledger)
        if not self._read:
            return None
        query = "SELECT ledger FROM aired WHERE airing = ?"
        found = self._table.execute(query, (airing_digest(airing),)).fetchone()
        return self._read[found[0]] if found else None

    def _expect(self, ledger: Path) -> None:
        path = ledger / RECEIPTS
        if not path.is_file():
            return
        status = path.stat()
        hours = _hours(path, (status.st_ino, status.st_size, status.st_mtime_ns), self._heard)
        if hours is None:
            self._take_in(ledger)
        for hour in hours or ():
            self._for_hour[hour].add(ledger)

    def _take_in(self, ledger: Path) -> None:
        if ledger in self._read:
            return
        number = len(self._read)
        self._read.append(ledger)
        rows = ((airing_digest(one), number) for one in airings_of(ledger, self._heard))
        self._table.executemany("INSERT OR IGNORE INTO aired VALUES (?, ?)", rows)


@contextmanager
def delivered(ledgers: Iterable[Path], heard: Heard) -> Iterator[Delivered]:
    """Open what these ledgers delivered.

    Raises:
        HaltedError: There is no room to look.
    """
    with scratch(_SCHEMA) as table:
        yield Delivered(table, ledgers, heard)


def airings_of(ledger: Path, heard: Heard) -> Iterator[Airing]:
    """Yield what the spots air that a ledger says were delivered.

    Raises:
        RefusedError: The ledger is damaged.
    """
    path = ledger / RECEIPTS
    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number % _AT_ONCE == 0:
                heard()
            if line.endswith(b"\n"):  # else it is not written yet
                row = read_row(path, line)
                yield row["spot_id"], row["station"], row["airtime"]


_KNOWN = 4_096
"""Files of receipts of which the hours are kept in mind: ten years of nights of one name."""


@lru_cache(_KNOWN)
def _known(_path: Path, _stamp: tuple[int, int, int]) -> dict[str, frozenset[str] | None]:
    return {}  # is filled in by who looked; what is called meanwhile is no part of what is known


def _hours(path: Path, stamp: tuple[int, int, int], heard: Heard) -> frozenset[str] | None:
    """Return for which hours a file delivers, None if that cannot be told; quick, as it is long."""
    known = _known(path, stamp)
    if "hours" not in known:
        known["hours"] = _look_for_hours(path, heard)
    return known["hours"]


def _look_for_hours(path: Path, heard: Heard) -> frozenset[str] | None:
    found: set[bytes] = set()
    rows = told = 0
    with path.open("rb") as file:
        while lines := file.readlines(_BLOCK):
            heard()
            hours = _AIRTIME.findall(b"".join(lines))
            found.update(hours)
            rows, told = rows + len(lines), told + len(hours)
    return frozenset(hour.decode(errors="replace") for hour in found) if told >= rows else None
