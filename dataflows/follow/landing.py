"""The landing folder: what is in hand there, and how it leaves, in steps that a crash may part.

    LANDING/day.ndjson, day.ndjson.done       arrived
    LANDING/.claim/…                          being taken: companions first, the export last
    LANDING/processing/…                      in hand; one at a time
    LANDING/rejected/day.ndjson/…             set aside, with day.ndjson.reason
    LANDING/.gone/…                           of which the archive has a copy; being removed

A folder is renamed in one step, so an export and its companions are never parted.
"""

import shutil
from itertools import count
from pathlib import Path

from connectors.errors import RefusedError
from connectors.ledger.files import sync_folder, write_whole
from dataflows.follow.names import companions, is_export, reason_of

PROCESSING, REJECTED, CLAIM, GONE = "processing", "rejected", ".claim", ".gone"


class Landing:
    """One folder in which exports arrive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claim = folder / CLAIM
        self._processing = folder / PROCESSING
        self._gone = folder / GONE

    def recover(self) -> None:
        """Finish, or undo, what a crash cut off.

        Raises:
            RefusedError: More than one export is in hand: somebody put one there. Or files have the
                names of our folders.
            OSError: It cannot be done.
        """
        for place in (self._processing, self.folder / REJECTED):
            if place.exists() and not place.is_dir():
                raise RefusedError(f"{place} is a file, where a folder is needed; move it away")
        shutil.rmtree(self._gone, ignore_errors=True)
        if self._claim.is_dir():
            if _exports(self._claim):
                self._claim.rename(self._processing)
            else:
                self._give_back()
        in_hand = self.in_hand()
        if in_hand and reason_of(in_hand).exists():
            self._reject(in_hand.name)

    def in_hand(self) -> Path | None:
        """Return the export that was claimed and has not left yet.

        Raises:
            RefusedError: There is more than one: somebody put one there.
        """
        found = _exports(self._processing)
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise RefusedError(
                f"{self._processing} holds {names}; leave what was there first, and move the rest "
                f"to {self.folder}"
            )
        return found[0] if found else None

    def claim(self, name: str) -> Path | None:
        """Take an export in hand: whatever arrives under its name from now on is another one.

        Returns:
            Where it is now, None if somebody took it back meanwhile.
        """
        self._claim.mkdir(exist_ok=True)
        export = self.folder / name
        try:
            for path in (*companions(export), export):
                path.rename(self._claim / path.name)
        except FileNotFoundError:
            self._give_back()
            return None
        if self._processing.is_dir():  # with what somebody left of another, or with nothing
            self._reject(PROCESSING)
        self._claim.rename(self._processing)
        sync_folder(self.folder)
        return self._processing / name

    def set_aside(self, export: Path, reason: str) -> Path:
        """Put the export in hand among the rejected, and return where it is now."""
        write_whole(reason_of(export), f"{reason}\n".encode())
        return self._reject(export.name)

    def discard(self) -> None:
        """Remove what is in hand, of which there is a copy."""
        self._processing.rename(self._gone)
        sync_folder(self.folder)
        shutil.rmtree(self._gone)

    def _reject(self, name: str) -> Path:
        rejected = self.folder / REJECTED
        rejected.mkdir(exist_ok=True)
        numbered = (rejected / (name if n == 1 else f"{name}.{n}") for n in count(1))
        place = next(path for path in numbered if not path.exists())
        self._processing.rename(place)
        sync_folder(rejected)
        sync_folder(self.folder)
        return place / name

    def _give_back(self) -> None:
        """Return companions whose export was not taken yet; newer ones are those of another."""
        for path in self._claim.iterdir():
            if (self.folder / path.name).exists():
                path.unlink()
            else:
                path.rename(self.folder / path.name)
        self._claim.rmdir()


def _exports(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_export(path.name))
