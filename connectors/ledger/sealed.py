"""Sealed ledgers, as those read them who come after the run."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from connectors.errors import RefusedError
from connectors.ledger.folders import ledger_folders
from connectors.ledger.manifest import MANIFEST, Manifest, read_manifest
from connectors.ledger.row_files import DEAD_LETTERS, RECEIPTS
from connectors.ledger.rows import to_dead_letter
from connectors.records import DeadLetter


class Found(NamedTuple):
    """A dead letter, and the byte at which its row starts."""

    position: int
    letter: DeadLetter


class Sealed(NamedTuple):
    """A ledger that nothing is written to any more."""

    folder: Path
    manifest: Manifest

    @property
    def receipts(self) -> Path:
        """File of the receipts."""
        return self.folder / RECEIPTS

    @property
    def dead_letters(self) -> Path:
        """File of the dead letters."""
        return self.folder / DEAD_LETTERS

    def letters(self) -> Iterator[Found]:
        """Yield the dead letters in the order they stand in.

        Raises:
            RefusedError: A row is damaged.
            OSError: The file cannot be read.
        """
        position = 0
        with self.dead_letters.open("rb") as file:
            for row in file:
                yield Found(position, self._read(row, position))
                position += len(row)

    def letter_at(self, file: BinaryIO, position: int) -> DeadLetter:
        """Read the dead letter at a position of its open file.

        Raises:
            RefusedError: It is damaged.
        """
        file.seek(position)
        return self._read(file.readline(), position)

    def _read(self, row: bytes, position: int) -> DeadLetter:
        try:
            return to_dead_letter(row)
        except (ValueError, KeyError, TypeError):
            raise RefusedError(
                f"{self.dead_letters} is damaged at byte {position:,}; `avstar verify "
                f"{self.folder}` says what is wrong"
            ) from None


def sealed_ledgers(path: Path) -> list[Sealed]:
    """Return the sealed uploads of an `--out` folder, or the one that is named; oldest first.

    A check alone is none: nothing was delivered, so nothing of it is open.

    Raises:
        RefusedError: There is none.
    """
    if not path.is_dir():
        raise RefusedError(f"{path} is not a directory; name a ledger or the --out folder")
    folders = [path] if (path / MANIFEST).is_file() else ledger_folders(path)
    found = [
        Sealed(folder, manifest)
        for folder in folders
        if (manifest := read_manifest(folder)) and manifest.mode == "upload"
    ]
    if not found:
        raise RefusedError(
            f"{path} holds no sealed ledger; name one, or the --out folder of a run that is done"
        )
    return sorted(found, key=lambda one: (one.manifest.completed_at, one.folder.name))


def family(ledgers: Sequence[Sealed], around: Sequence[Sealed]) -> list[Sealed]:
    """Return ledgers with all that was sent of their dead letters since.

    Args:
        ledgers: The first of them.
        around: Those and all that may come after them, oldest first.
    """
    known, found = {one.manifest.checksum for one in ledgers}, []
    for one in around:
        if one.manifest.checksum in known or not known.isdisjoint(one.manifest.ancestors):
            known.add(one.manifest.checksum)
            found.append(one)
    return found
