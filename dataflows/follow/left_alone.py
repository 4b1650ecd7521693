"""What lies in the landing folder and is not taken: told once, since somebody may wait for it."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from dataflows.follow.arrivals import no_files

log = logging.getLogger(__name__)

_NO_FILE = "it is a link, or no file; put the file itself there"
_EMPTY = "it is empty; when that is all of it, say so ({}.done)"


class LeftAlone:
    """Knows what was told of."""

    def __init__(self, landing: Path, tell: Callable[[str], object]) -> None:
        self._landing = landing
        self._tell = tell
        self._told: set[str] = set()

    def look(self, empty: Iterable[str]) -> None:
        """Tell of what is new; `empty` are files that are, and stay so."""
        found = dict.fromkeys(no_files(self._landing), _NO_FILE)
        found |= {name: _EMPTY.format(name) for name in empty}
        for name in sorted(found.keys() - self._told):
            log.warning("left alone", extra={"export": name, "reason": found[name]})
            self._tell(f"{name} is left alone: {found[name]}")
        self._told = set(found)
