"""Does an export that arrived hold what a ledger of its name has sent already?

The name may be one that comes every night. What a run by itself is held to, that an upload of the
name is finished first, would then keep all later nights out; here the content decides.
"""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

from connectors.avion import airings, begins_with, is_beginning_of
from connectors.errors import RefusedError
from connectors.ledger import Identity
from connectors.ledger.row_files import RECEIPTS
from connectors.ledger.rows import read_row
from connectors.records import Export
from connectors.scratch import scratch
from dataflows.identity import begun_ledgers, former, refuse_changed
from dataflows.settings import Settings
from dataflows.sheet_index import airing_digest

ARCHIVED = "export"
"""Folder in a ledger of a landing folder's export for that and what came with it."""

_SCHEMA = "CREATE TABLE aired (airing BLOB PRIMARY KEY) WITHOUT ROWID;"


def refuse_sent_before(settings: Settings, export: Export) -> None:
    """Refuse an export of which Avstar has something under the request IDs of another one.

    That is one of the same name that grew, or was cut; and one that airs what an unfinished upload
    of the name delivered. Of one that delivered nothing yet, what it had in flight is not known.

    Raises:
        RefusedError: It is such a one.
        HaltedError: There is no room to look.
        OSError: It cannot be read.
    """
    out = settings.out_folder
    for folder, begun, sealed in begun_ledgers(out, export.path.name):
        if begun.checksum == export.checksum or not begun.total_records:
            continue
        part = _part(export, folder, begun)
        if not sealed:
            if part:
                refuse_changed(export.path, folder, begun)
            _refuse_same_airing(settings, export, folder, begun)
        elif part:
            raise RefusedError(
                f"{export.path} {part} the {begun.total_records:,} records whose ledger is "
                f"{folder}, and has other request IDs: they would be scheduled again; make an "
                "export of what is not in there, and let the traffic system say when one is whole "
                f"({export.path.name}.done)"
            )
        elif not (export.milestones or (folder / ARCHIVED).is_dir()):
            # Too short for a milestone, and the other one was not moved to where it can be read.
            _refuse_same_airing(settings, export, folder, begun, sealed=True)


def _part(export: Export, folder: Path, begun: Identity) -> str:
    """Say how one holds the other, where one was cut or grew."""
    before = former(begun)
    if begins_with(export, before):
        return "begins with"
    original = folder / ARCHIVED / begun.export
    return "is the beginning of" if is_beginning_of(export, before, original) else ""


def _refuse_same_airing(
    settings: Settings, export: Export, folder: Path, begun: Identity, *, sealed: bool = False
) -> None:
    with scratch(_SCHEMA) as known:
        rows = ((airing_digest(airing),) for airing in _delivered(folder))
        known.executemany("INSERT OR IGNORE INTO aired VALUES (?)", rows)
        if not sealed and not _any(known, "SELECT 1 FROM aired LIMIT 1"):
            refuse_changed(export.path, folder, begun)
        lookup = "SELECT 1 FROM aired WHERE airing = ?"
        for line, airing in airings(export, zone=settings.timezone, line_limit=settings.line_limit):
            if _any(known, lookup, airing_digest(airing)):
                raise RefusedError(
                    f"{export.path}, line {line:,}: spot, station and air time are what {folder} "
                    "delivered under other request IDs; put the file with SHA-256 "
                    f"{begun.checksum} back to go on with that, or move that folder away to send "
                    "what Avstar has of it again"
                )


def _any(known: Connection, query: str, *values: bytes) -> bool:
    return known.execute(query, values).fetchone() is not None


def _delivered(folder: Path) -> Iterator[tuple[str, str, str]]:
    path = folder / RECEIPTS
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):  # else it is not written yet
                row = read_row(path, line)
                yield row["spot_id"], row["station"], row["airtime"]
