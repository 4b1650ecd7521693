"""The open ledger of one export: its files, its counts, and how it is sealed."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from connectors.effort import Effort
from connectors.errors import HaltedError
from connectors.ledger.chain import chained
from connectors.ledger.checkpoint import Checkpoint
from connectors.ledger.counts import Counts
from connectors.ledger.duplicates import Duplicates
from connectors.ledger.files import sha256_of, sync_folder
from connectors.ledger.manifest import MANIFEST, Manifest, Mode, Sign, new_manifest, read_manifest
from connectors.ledger.row_files import RowFiles, Sizes
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Tally

Entry = Tally | Effort | Batch[Receipt] | Batch[DeadLetter]


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
    the snapshot, and will come again, stands in them once. Opened without, it begins anew. With
    `efforts` it is complete only when the effort of every spot is told as well.
    """

    def __init__(  # noqa: PLR0913 - keyword-only settings
        self,
        folder: Path,
        export: Export,
        state: BookState | None,
        *,
        mode: Mode,
        stations: list[str] | None,
        api_url: str | None,
        efforts: bool,
        sign: Sign | None = None,
    ) -> None:
        if state is None:
            _refuse_sealed(folder)
        self._files = RowFiles(folder, state and Sizes(*state[:2]))
        self._duplicates = Duplicates(self._files.receipts, self._files.dead_letters)
        self._folder = folder
        self._export = export
        self._mode = mode
        self._stations = stations
        self._api_url = api_url
        self._efforts = efforts
        self._sign = sign
        self._counts = Counts.from_dict(state.counts) if state else Counts()
        self._lanes = dict(state.lanes) if state else {}
        self._started_at = state.started_at if state else _now()
        if not state:
            (folder / MANIFEST).unlink(missing_ok=True)
            sync_folder(folder)

    def add(self, entry: Entry) -> None:
        """Write what became of a batch, or count what that took."""
        self._advance(entry.span)
        if isinstance(entry, Batch):
            self._write([one for one in entry if not self._duplicates.hold(one)])
        else:
            self._counts.add(entry)
        if isinstance(entry, Effort):
            self._counts.mark(entry, _began(entry))

    @property
    def is_complete(self) -> bool:
        """Tell whether every record of the export is accounted for."""
        counts = self._counts
        known = counts.settled + len(self._duplicates)
        known += 0 if self._mode == "upload" else counts.valid
        told = counts.tried == counts.valid or not self._efforts
        return told and counts.records == self._export.records == known

    def snapshot(self) -> BookState:
        """Return the state to resume from; that of an upload survives a power cut.

        A check can be repeated, and waiting for the disk at every batch would be half its time.
        """
        return self.commit() if self._mode == "upload" else self._state(self._files.flush())

    def commit(self) -> BookState:
        """Make everything so far survive a power cut, and return the state to resume from."""
        if self._duplicates:
            self._files.flush()
            self._write(list(self._duplicates.judged()))
        state = self._state(self._files.sync())
        self._checkpoint(state).write(self._folder)
        return state

    def seal(self) -> Manifest:
        """Close the ledger for good: digests, manifest, read-only files."""
        self.commit()
        self._duplicates.close()
        self._files.seal()
        with chained(self._folder) if self._mode == "upload" else nullcontext() as previous:
            manifest = self._manifest(previous)
            manifest.write(self._folder, self._sign)
        return manifest

    def _manifest(self, previous: str | None) -> Manifest:
        return new_manifest(
            self._export,
            self._counts,
            mode=self._mode,
            stations=self._stations,
            api_url=self._api_url,
            previous=previous,
            receipts_sha256=sha256_of(self._files.receipts),
            dead_letters_sha256=sha256_of(self._files.dead_letters),
            started_at=self._started_at,
            completed_at=_now(),
        )

    def close(self) -> None:
        """Close the files."""
        self._files.close()
        self._duplicates.close()

    def _state(self, sizes: Sizes) -> BookState:
        return BookState(*sizes, self._counts.as_dict(), dict(self._lanes), self._started_at)

    def _write(self, records: Sequence[Receipt | DeadLetter]) -> None:
        self._counts.add(records)
        self._files.write(records)

    def _advance(self, span: Span) -> None:
        self._lanes[span.lane] = max(self._lanes.get(span.lane, (0, 0)), (span.end, span.line))

    def _checkpoint(self, state: BookState) -> Checkpoint:
        return Checkpoint(
            mode=self._mode,
            export=self._export.path.name,
            checksum=self._export.checksum,
            bytes=self._export.size,
            total_records=self._export.records,
            settled=self._counts.settled,
            counts={**state.counts, "parked": self._counts.parked},
            lanes={
                lane: {"offset": offset, "line": line}
                for lane, (offset, line) in sorted(state.lanes.items())
            },
            receipts_bytes=state.receipts_bytes,
            dead_letters_bytes=state.dead_letters_bytes,
            started_at=state.started_at,
            updated_at=_now(),
        )


def _refuse_sealed(folder: Path) -> None:
    manifest = read_manifest(folder)
    if manifest and manifest.mode == "upload":
        raise HaltedError(f"{folder} is sealed already; nothing is written to it again")


def _began(effort: Effort) -> str:
    """Return the minute in which what is told just now began."""
    waited = timedelta(seconds=max(effort.paused_seconds, effort.breaker_seconds))
    return (datetime.now(timezone.utc) - waited).isoformat()[: len("2026-11-24T05:30")]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
