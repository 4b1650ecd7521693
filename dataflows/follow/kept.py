"""Originals of which the archive has a copy, kept while somebody may still write to them.

LANDING/.gone/<ledger>/…      an export and its companions
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from connectors.ledger.files import sha256_of, sync_folder
from connectors.records import KEY_DIGITS
from dataflows.follow.names import exports_in
from dataflows.follow.rejected import free

_LEDGER = re.compile(rf".*\.([0-9a-f]{{{KEY_DIGITS}}})(\.\d+)?", re.DOTALL)


class Kept:
    """One folder of them: who has a file open writes to it wherever it is, while it has a name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, folder: Path, name: str, ledger: str) -> Path:
        """Keep a folder with an export of this name, and return where that is now."""
        place = free(self._folder, ledger)
        folder.rename(place)
        sync_folder(self._folder)
        return place / name

    def exports(self) -> list[Path]:
        """Return the exports that are there; remove what was left of one that was let go."""
        found: list[Path] = []
        for one in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            if not one.is_dir():
                one.unlink(missing_ok=True)
            elif exports := exports_in(one):
                found += exports
            else:
                shutil.rmtree(one)
        self._end()
        return found

    def __contains__(self, export: Path) -> bool:
        """Tell whether an export is one of them."""
        return export.parent.parent == self._folder

    def is_still(self, export: Path, progress: Callable[[], object]) -> bool:
        """Tell whether one holds what its ledger is about; what has gone is written to no more.

        Raises:
            OSError: It cannot be read.
        """
        known = _LEDGER.fullmatch(export.parent.name)
        try:
            return known is not None and sha256_of(export, progress)[:KEY_DIGITS] == known[1]
        except FileNotFoundError:
            return True

    def forget(self, export: Path) -> None:
        """Let one go: nobody writes to it any more."""
        shutil.rmtree(export.parent, ignore_errors=True)
        self._end()

    def _end(self) -> None:
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()
