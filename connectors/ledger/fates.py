"""What became of records that rows of a sheet come from, in ledgers that are sealed or not yet."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from connectors.ledger.checkpoint import read_checkpoint
from connectors.ledger.folders import ledger_folders
from connectors.ledger.identity import read_identity
from connectors.ledger.manifest import read_manifest
from connectors.ledger.row_files import DEAD_LETTERS, RECEIPTS
from connectors.ledger.rows import read_row

Record = tuple[str, int]
"""The checksum of an export, and the offset in it."""


class Fate(NamedTuple):
    """The ledger that delivered a record, or replaced it, otherwise than a sheet would."""

    ledger: Path
    record: Record
    delivered: bool


def fate(out: Path, wanted: Mapping[Record, set[str | None]], but: set[str]) -> Fate | None:
    """Find a record that a ledger delivered or replaced under another request ID.

    Args:
        out: Folder of the ledgers.
        wanted: For each record the request IDs that its rows would have.
        but: Names of ledgers that are not asked.

    Raises:
        RefusedError: A ledger is damaged.
        OSError: A file cannot be read.
    """
    folders = [folder for folder in ledger_folders(out) if folder.name not in but]
    uploads = [(folder, checksum) for folder in folders if (checksum := _checksum(folder))]
    asked, names = dict(wanted), {one: one for one in wanted}
    while asked:
        later: dict[Record, set[str | None]] = {}
        for folder, checksum in uploads:
            for row, delivered in _rows(folder):
                record = row["ancestor"]["checksum"], row["ancestor"]["offset"]
                mine = row["request_id"]
                if record not in asked or _fails_again(row, delivered=delivered):
                    continue
                if mine not in asked[record]:
                    return Fate(folder, names[record], delivered)
                own = checksum, row["offset"]
                if own not in names:  # what became of the same row, when it came again
                    later[own] = {mine}
                    names[own] = names[record]
        asked = later
    return None


def unfinished(out: Path) -> Iterator[tuple[Path, str]]:
    """Yield the ledgers of sheets that are not sealed yet, each with the sheet's name.

    Raises:
        RefusedError: A ledger is damaged.
    """
    for folder in ledger_folders(out):
        begun, manifest = read_identity(folder), read_manifest(folder)
        if begun and begun.ancestors and not (manifest and manifest.mode == "upload"):
            yield folder, begun.export


def _checksum(folder: Path) -> str | None:
    """Return the checksum of what was uploaded, None for what is no upload of a sheet."""
    manifest = read_manifest(folder)
    if manifest and manifest.mode == "upload":
        return manifest.checksum if manifest.ancestors else None
    if begun := read_identity(folder):
        return begun.checksum
    checkpoint = read_checkpoint(folder)
    return checkpoint.checksum if checkpoint and checkpoint.mode == "upload" else None


def _rows(folder: Path) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield the rows that come from somewhere; a line without its end is not written yet."""
    for name in (RECEIPTS, DEAD_LETTERS):
        path = folder / name
        if not path.exists():
            continue
        with path.open("rb") as file:
            for line in file:
                if b'"ancestor":' in line and line.endswith(b"\n"):
                    row = read_row(path, line)
                    if row.get("ancestor"):
                        yield row, name == RECEIPTS


def _fails_again(row: Mapping[str, Any], *, delivered: bool) -> bool:
    """Tell whether a row is its ancestor once more, and still a dead letter."""
    mine = row["request_id"]
    return not delivered and mine is not None and mine == row["ancestor"]["request_id"]
