"""Another process of a cluster that follows: it helps with what the first one has in hand."""

import logging
from pathlib import Path
from typing import NoReturn

from connectors.errors import RefusedError
from dataflows.cluster import OverError
from dataflows.exports import unsealed
from dataflows.follow.arrivals import Stamp, stamp
from dataflows.follow.member import Member
from dataflows.job import carry, look_at

log = logging.getLogger(__name__)


class Other(Member):
    """Moves nothing; works on what is in hand."""

    _told = ""

    def run(self) -> NoReturn:
        """Help with one export after the other."""
        done: Stamp | None = None
        while True:
            self._refuse_to_go_on()
            path, mark = self._in_hand()
            if path and mark != done and self._help(path):
                done, self._waits = mark, False
            else:
                done = mark and done  # what comes again after it was gone is looked at again
                self._idle()

    def _in_hand(self) -> tuple[Path | None, Stamp | None]:
        try:
            path = self._landing.in_hand()
            return path, stamp(path.stat()) if path else None
        except (RefusedError, OSError):  # it has gone; or the first process says what is wrong
            return None, None

    def _tell(self, path: Path, error: RefusedError | OSError) -> None:
        """Write it down once, though it is looked at again and again."""
        if (why := f"{path}: {error}") != self._told:
            log.warning("not helped with", extra={"export": path.name, "reason": str(error)})
        self._told = why

    def _help(self, path: Path) -> bool:
        """Upload it with the others, and tell whether that is done."""
        settings = self._uploading(path)
        try:
            exports = look_at(settings, self._given)
        except (RefusedError, OSError) as error:
            self._tell(path, error)
            return False  # the first process says what becomes of it, or sees it sooner
        try:
            if unsealed(settings, exports):
                carry(settings, exports, self._given)
        except OverError:
            return False
        return True
