"""Verify a ledger from its files alone, with nothing of what wrote them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from connectors.ledger.audit.comparison import Comparison
from connectors.ledger.audit.findings import Findings
from connectors.ledger.audit.index import Index, Place, temporary_index
from connectors.ledger.audit.inspection import Inspection
from connectors.ledger.audit.ledger_file import DEAD_LETTERS, RECEIPTS, LedgerFile, look_up
from connectors.ledger.audit.plain import PlainSpot, Reading, reading
from connectors.ledger.audit.seal import FILE_NAME, Seal, read_seal
from connectors.ledger.audit.shape import RECEIPT
from connectors.ledger.audit.sheets import reading_of_sheet
from connectors.records import Export, Line
from connectors.sheet import is_sheet

DIGESTS = {RECEIPTS: "receipts_sha256", DEAD_LETTERS: "dead_letters_sha256"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying one ledger came to.

    `records` is what the manifest accounts for, or the rows where there is none; `compared` tells
    whether the export itself was at hand. No findings: all is as it should be.
    """

    folder: Path
    records: int
    compared: bool
    findings: Findings


def is_ledger(folder: Path) -> bool:
    """Tell whether a folder holds any file of a ledger."""
    return any((folder / name).is_file() for name in (RECEIPTS, DEAD_LETTERS, FILE_NAME))


def verify(folder: Path, export: Export | None = None, lines: Iterable[Line] = ()) -> Verdict:
    """Recompute everything that a ledger says; memory does not grow with its size.

    Args:
        folder: The ledger.
        export: What the ledger is about; None leaves it uncompared.
        lines: The export's records, offsets ascending.

    Raises:
        OSError: A file cannot be read.
    """
    findings = Findings()
    seal = read_seal(folder, findings)
    read = _reading(seal, export)
    of_sheet = is_sheet(_columns(seal, export))
    inspection = Inspection(findings, seal, _checksum(seal, export), read, of_sheet)
    with temporary_index() as index:
        for name, digest in DIGESTS.items():
            file = LedgerFile(folder / name, findings)
            index.add(inspection.places(file))
            if seal:
                seal.compare_digest(digest, file.path, file.sha256)
        if seal:
            seal.compare_counts(inspection.counted)
            seal.expect("attempts", inspection.attempts)
            seal.check_invariants()
        _find_repeated(folder, index, findings)
        _find_conflicts(folder, index, findings)
        if export and read:
            Comparison(folder, export, read, seal, findings).run(lines, index)
    records = seal.claims["total_records"] if seal else inspection.counted.total()
    return Verdict(folder, records, export is not None, findings)


def _checksum(seal: Seal | None, export: Export | None) -> str | None:
    if seal:
        return str(seal.claims["checksum"])
    return export.checksum if export else None


def _columns(seal: Seal | None, export: Export | None) -> Sequence[str]:
    if export:
        return export.columns
    return seal.claims["columns"] if seal else ()


def _reading(seal: Seal | None, export: Export | None) -> Reading | None:
    if export:
        return reading_of_sheet(export.columns) or reading(export.format, export.columns)
    if seal is None:
        return None
    columns = _columns(seal, export)
    return reading_of_sheet(columns) or reading(seal.claims["format"], columns)


def _find_repeated(folder: Path, index: Index, findings: Findings) -> None:
    for first, *others in index:
        for place in others:
            what = f"offset {place.offset} stands already in {first.file}:{first.row}"
            findings.add("repeated", f"{folder / place.file}:{place.row}", what)


def _find_conflicts(folder: Path, index: Index, findings: Findings) -> None:
    path = folder / RECEIPTS
    for first, *others in index.repeated_requests():
        with path.open("rb") as file:
            content = _content(file, first)
            for place in others:
                if _content(file, place) != content:
                    what = f"has the request ID of row {first.row}, and other content"
                    findings.add("conflict", f"{path}:{place.row}", what)


def _content(file: BinaryIO, place: Place) -> list[Any]:
    row = look_up(file, place.position, RECEIPT)
    return [row.get(name) for name in PlainSpot._fields]
