"""What became of records that rows of a sheet come from, in ledgers that are sealed or not yet."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from connectors.ledger.asked import Asked, Record, asking
from connectors.ledger.checkpoint import read_checkpoint
from connectors.ledger.folders import ledger_folders
from connectors.ledger.identity import read_identity
from connectors.ledger.manifest import read_manifest
from connectors.ledger.row_files import DEAD_LETTERS, RECEIPTS
from connectors.ledger.rows import read_row


class Fate(NamedTuple):
    """The ledger that delivered a record, or replaced it, otherwise than a sheet would."""

    ledger: Path
    record: Record
    delivered: bool


class Delivered(NamedTuple):
    """A spot that Avstar has, and the ledger that says so."""

    ledger: Path
    airing: tuple[str, str, str]
    request_id: str


def fate(out: Path, wanted: Iterable[tuple[Record, str | None]], but: set[str]) -> Fate | None:
    """Find a record that a ledger delivered or replaced under another request ID.

    Memory does not grow with what is wanted.

    Args:
        out: Folder of the ledgers.
        wanted: Records with the request IDs that their rows would have; one may come repeatedly.
        but: Names of ledgers that are not asked.

    Raises:
        RefusedError: A ledger is damaged.
        HaltedError: There is no room for an index.
        OSError: A file cannot be read.
    """
    folders = [folder for folder in ledger_folders(out) if folder.name not in but]
    uploads = [(folder, checksum) for folder in folders if (checksum := _checksum(folder))]
    with asking(wanted) as asked:
        while asked.go_on():
            for folder, checksum in uploads:
                if found := _other(folder, checksum, asked):
                    return found
    return None


def delivered(out: Path, exports: Iterable[str], but: set[str]) -> Iterator[Delivered]:
    """Yield what was delivered of exports, and of all sheets.

    Args:
        out: Folder of the ledgers.
        exports: Checksums of the exports.
        but: Names of ledgers that are not asked.

    Raises:
        RefusedError: A ledger is damaged.
        OSError: A file cannot be read.
    """
    known = set(exports)
    for folder in ledger_folders(out):
        if folder.name in but or not (_checksum(folder) or _upload_of(folder) in known):
            continue
        for row in _lines(folder / RECEIPTS):
            airing = row["spot_id"], row["station"], row["airtime"]
            yield Delivered(folder, airing, row["request_id"])


def sent_to(out: Path, exports: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Yield the ledgers of exports, each with the API that its spots went to.

    Raises:
        RefusedError: A ledger is damaged.
    """
    known = set(exports)
    for folder in ledger_folders(out):
        manifest, begun = read_manifest(folder), read_identity(folder)
        of = manifest if manifest and manifest.mode == "upload" else begun
        if of and of.checksum in known and of.api_url:
            yield folder, of.api_url


def unfinished(out: Path) -> Iterator[tuple[Path, str]]:
    """Yield the ledgers of sheets that are not sealed yet, each with the sheet's name.

    Raises:
        RefusedError: A ledger is damaged.
    """
    for folder in ledger_folders(out):
        begun, manifest = read_identity(folder), read_manifest(folder)
        if begun and begun.ancestors and not (manifest and manifest.mode == "upload"):
            yield folder, begun.export


def _other(folder: Path, checksum: str, asked: Asked) -> Fate | None:
    """Look for another fate in one ledger, and ask after what stands there under the same ID."""
    for name in (RECEIPTS, DEAD_LETTERS):
        for row in _lines(folder / name, b'"ancestor":'):
            if not (origin := row.get("ancestor")):
                continue
            mine = row["request_id"]
            found = asked.of((origin["checksum"], origin["offset"]))
            if not found or _fails_again(row, delivered=name == RECEIPTS):
                continue
            if mine not in found.request_ids:
                return Fate(folder, found.first, name == RECEIPTS)
            asked.later((checksum, row["offset"]), mine, found.first)
    return None


def _checksum(folder: Path) -> str | None:
    """Return the checksum of what was uploaded, None for what is no upload of a sheet."""
    manifest = read_manifest(folder)
    if manifest and manifest.mode == "upload":
        return manifest.checksum if manifest.ancestors else None
    if begun := read_identity(folder):
        return begun.checksum
    checkpoint = read_checkpoint(folder)
    return checkpoint.checksum if checkpoint and checkpoint.mode == "upload" else None


def _upload_of(folder: Path) -> str | None:
    manifest = read_manifest(folder)
    return manifest.checksum if manifest and manifest.mode == "upload" else None


def _lines(path: Path, holding: bytes = b"") -> Iterator[dict[str, Any]]:
    """Yield the rows that hold some bytes; a line without its end is not written yet."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if holding in line and line.endswith(b"\n"):
                yield read_row(path, line)


def _fails_again(row: Mapping[str, Any], *, delivered: bool) -> bool:
    """Tell whether a row is its ancestor once more, and still a dead letter."""
    mine = row["request_id"]
    return not delivered and mine is not None and mine == row["ancestor"]["request_id"]
