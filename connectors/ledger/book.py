"""The open ledger of one export: its files, its counts, and how it is sealed."""

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from connectors.errors import HaltedError
from connectors.ledger.checkpoint import Checkpoint
from connectors.ledger.counts import Counts
from connectors.ledger.files import READ_ONLY, sha256_of, sync_folder
from connectors.ledger.manifest import MANIFEST, Manifest, Mode, new_manifest, read_manifest
from connectors.ledger.rows import to_row
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Tally

RECEIPTS = "receipts.ndjson"
DEAD_LETTERS = "dead-letters.ndjson"

Entry = Tally | Batch[Receipt] | Batch[DeadLetter]


class BookState(NamedTuple):
    """What a book was at a snapshot: lengths of its files, its counts, where the lanes stood."""

    receipts_bytes: int
    dead_letters_bytes: int
    counts: dict[str, Any]
    lanes: dict[str, tuple[int, int]]
    started_at: str


class Book:
    """Writes one export's ledger; the only writer of its files.

    Opened with a snapshot's state it cuts the files back to it, so that what was written after
    the snapshot, and will come again, stands in them once. Opened without, it begins anew.
    """

    def __init__(
        self,
        folder: Path,
        export: Export,
        state: BookState | None,
        *,
        mode: Mode,
        stations: list[str] | None,
    ) -> None:
        if state is None:
            _refuse_sealed(folder)
        else:
            _refuse_loss(folder / RECEIPTS, state.receipts_bytes)
            _refuse_loss(folder / DEAD_LETTERS, state.dead_letters_bytes)
        self._folder = folder
        self._export = export
        self._mode = mode
        self._stations = stations
        self._counts = Counts.from_dict(state.counts) if state else Counts()
        self._lanes = dict(state.lanes) if state else {}
        self._started_at = state.started_at if state else _now()
        self._receipts = self._open(RECEIPTS, state.receipts_bytes if state else None)
        self._dead_letters = self._open(DEAD_LETTERS, state.dead_letters_bytes if state else None)
        if not state:
            (folder / MANIFEST).unlink(missing_ok=True)
            sync_folder(folder)

    def add(self, entry: Entry) -> None:
        """Write what became of a batch."""
        self._counts.add(entry)
        self._advance(entry.span)
        if isinstance(entry, Tally):
            return
        for record in entry:
            file = self._receipts if isinstance(record, Receipt) else self._dead_letters
            file.write(to_row(record))

    @property
    def is_complete(self) -> bool:
        """Tell whether every record of the export is accounted for."""
        counts = self._counts
        known = counts.settled + (0 if self._mode == "upload" else counts.valid)
        return counts.records == self._export.records == known

    def commit(self) -> BookState:
        """Make everything so far survive a power cut, and return the state to resume from."""
        state = BookState(
            _sync(self._receipts),
            _sync(self._dead_letters),
            self._counts.as_dict(),
            dict(self._lanes),
            self._started_at,
        )
        self._checkpoint(state).write(self._folder)
        return state

    def seal(self) -> Manifest:
        """Close the ledger for good: digests, manifest, read-only files."""
        self.commit()
        self.close()
        receipts, dead_letters = self._folder / RECEIPTS, self._folder / DEAD_LETTERS
        for path in (receipts, dead_letters):
            path.chmod(READ_ONLY)
        manifest = new_manifest(
            self._export,
            self._counts,
            mode=self._mode,
            stations=self._stations,
            receipts_sha256=sha256_of(receipts),
            dead_letters_sha256=sha256_of(dead_letters),
            started_at=self._started_at,
            completed_at=_now(),
        )
        manifest.write(self._folder)
        return manifest

    def close(self) -> None:
        """Close the files."""
        self._receipts.close()
        self._dead_letters.close()

    def _advance(self, span: Span) -> None:
        self._lanes[span.lane] = max(self._lanes.get(span.lane, (0, 0)), (span.end, span.line))

    def _open(self, name: str, size: int | None) -> BinaryIO:
        path = self._folder / name
        if size is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            return path.open("xb")
        path.chmod(0o644)
        file = path.open("r+b")
        file.truncate(size)
        file.seek(size)
        return file

    def _checkpoint(self, state: BookState) -> Checkpoint:
        return Checkpoint(
            mode=self._mode,
            export=self._export.path.name,
            checksum=self._export.checksum,
            bytes=self._export.size,
            total_records=self._export.records,
            settled=self._counts.settled,
            counts=state.counts,
            lanes={
                lane: {"offset": offset, "line": line}
                for lane, (offset, line) in sorted(state.lanes.items())
            },
            receipts_bytes=state.receipts_bytes,
            dead_letters_bytes=state.dead_letters_bytes,
            updated_at=_now(),
        )


def _refuse_sealed(folder: Path) -> None:
    manifest = read_manifest(folder)
    if manifest and manifest.mode == "upload":
        raise HaltedError(f"{folder} is sealed already; nothing is written to it again")


def _refuse_loss(path: Path, size: int) -> None:
    found = path.stat().st_size if path.exists() else 0
    if found < size:
        raise HaltedError(
            f"{path} has {found} bytes, but the state folder knows of {size}: part of the "
            "ledger is lost; put it back, or remove the state folder to begin anew (what "
            "was delivered is then counted as duplicate, and nothing is scheduled twice)"
        )


def _sync(file: BinaryIO) -> int:
    file.flush()
    os.fsync(file.fileno())
    return file.tell()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
