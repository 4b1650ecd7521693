"""The landing folder: what is in hand there, and how it leaves, in steps that a crash may part.

    LANDING/day.ndjson, day.ndjson.done       arrived
    LANDING/.claim/…                          being taken or given back: the export last, or first
    LANDING/processing/…                      in hand; one at a time
    LANDING/rejected/day.ndjson/…             set aside, with day.ndjson.reason
    LANDING/.gone/<ledger>/…                  of which the archive has a copy; kept for a while

A folder is renamed in one step, so an export and its companions are never parted.
"""

import os
from collections.abc import Collection
from pathlib import Path

from connectors.errors import HaltedError, RefusedError
from connectors.ledger.files import sync_folder
from dataflows.follow.giving import give, is_given
from dataflows.follow.kept import Kept
from dataflows.follow.names import REASON, companions, exports_in, reason_of
from dataflows.follow.rejected import free, write_reason

PROCESSING, REJECTED, CLAIM, GONE = OWN = "processing", "rejected", ".claim", ".gone"


class Landing:
    """One folder in which exports arrive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._claim = folder / CLAIM
        self._processing = folder / PROCESSING
        self.kept = Kept(folder / GONE)
        self._number: tuple[int, int] | None = None

    def recover(self) -> None:
        """Finish, or undo, what a crash cut off.

        Raises:
            RefusedError: More than one export is in hand: somebody put one there. Or files have the
                names of our folders.
            OSError: It cannot be done.
        """
        self.confirm()
        for place in map(self.folder.joinpath, OWN):
            if os.path.lexists(place) and not place.is_dir():
                raise RefusedError(f"{place} is a file, where a folder is needed; move it away")
        if self._claim.is_dir():
            self._recover_claim()
        in_hand, told = self.in_hand(), _reasons(self._processing)
        if in_hand and reason_of(in_hand) in told:
            self._reject(in_hand.name)
        elif told and not in_hand:  # the export had gone
            self._reject(told[0].name.removesuffix(REASON))

    def confirm(self) -> None:
        """Return if the folder is the one that it was when this was called first.

        Raises:
            HaltedError: Another one has its name: it was removed, and made anew. Nobody else is
                kept from working in that.
            OSError: It is gone.
        """
        status = self.folder.stat()
        number = status.st_dev, status.st_ino
        self._number = self._number or number
        if number != self._number:
            raise HaltedError(f"{self.folder} is not the folder that it was; run again to go on")

    def in_hand(self) -> Path | None:
        """Return the export that was claimed and has not left yet.

        Raises:
            RefusedError: There is more than one: somebody put one there.
        """
        found = exports_in(self._processing)
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

        Raises:
            OSError: It, or a companion, may not be moved; both are where they were.
        """
        self._claim.mkdir(exist_ok=True)
        export = self.folder / name
        try:
            for path in (*companions(export), export):
                path.rename(self._claim / path.name)
        except OSError as error:
            self._give_back()
            if isinstance(error, FileNotFoundError):
                return None
            raise
        self._take()
        return self._processing / name

    def give_back(self, export: Path) -> bool:
        """Put the export in hand back where it arrived; False if another has its name there."""
        self._processing.rename(self._claim)
        if not give(self._claim / export.name, self.folder / export.name):
            self._claim.rename(self._processing)
            return False
        self._give_back()
        sync_folder(self.folder)
        return True

    def set_aside(self, export: Path, reason: str) -> Path:
        """Put what is in hand among the rejected, and return where the export is now.

        The export itself may have gone.
        """
        self._processing.mkdir(exist_ok=True)
        write_reason(export, reason)
        return self._reject(export.name)

    def note(self, name: str, reason: str) -> Path:
        """Leave word among the rejected of an export that is elsewhere, and return its place."""
        place = self._free(name)
        place.mkdir()
        write_reason(place / name, reason)
        sync_folder(place.parent)
        return place / name

    def put_by(self, export: Path, ledger: str, names: Collection[str]) -> Path:
        """Keep what is in hand, of whose files of these names there is a copy; say where it is.

        What has no copy is put among the rejected.
        """
        if left := [path for path in self._processing.iterdir() if path.name not in names]:
            place = self._free(PROCESSING)
            place.mkdir()
            for path in left:
                path.rename(place / path.name)
            sync_folder(place)
        kept = self.kept.put(self._processing, export.name, ledger)
        sync_folder(self.folder)
        return kept

    def set_aside_kept(self, export: Path, reason: str) -> Path:
        """Put one that is kept among the rejected, and return where it is now."""
        write_reason(export, reason)
        place = self._free(export.name)
        export.parent.rename(place)
        sync_folder(place.parent)
        self.kept.forget(export)
        return place / export.name

    def _recover_claim(self) -> None:
        for path in exports_in(self._claim):
            if is_given(path, self.folder / path.name):
                path.unlink()
        if not exports_in(self._claim):
            self._give_back()
        elif self.in_hand():  # somebody put one there
            self._claim.rename(self._free(CLAIM.removeprefix(".")))
        else:
            self._take()

    def _take(self) -> None:
        """Have in hand what was claimed."""
        if self._processing.is_dir():  # with what somebody left of another, or with nothing
            self._reject(PROCESSING)
        self._claim.rename(self._processing)
        sync_folder(self.folder)

    def _reject(self, name: str) -> Path:
        place = self._free(name)
        self._processing.rename(place)
        sync_folder(place.parent)
        sync_folder(self.folder)
        return place / name

    def _free(self, name: str) -> Path:
        return free(self.folder / REJECTED, name)

    def _give_back(self) -> None:
        """Return companions whose export was not taken; newer ones are those of another."""
        for path in list(self._claim.iterdir()):
            place = self.folder / path.name
            if os.path.lexists(place) and not path.is_dir():
                path.unlink()
            else:
                path.rename(self._free(path.name) if os.path.lexists(place) else place)
        self._claim.rmdir()


def _reasons(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{REASON}")) if folder.is_dir() else []
