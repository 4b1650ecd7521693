"""Holds an export to what it was when it was surveyed, for as long as it is read."""

from threading import Lock

from connectors.avion.difference import Former, difference
from connectors.avion.stamp import stamp_of
from connectors.errors import ChangedError, unread_meanwhile
from connectors.records import Export


class Vigil:
    """Notices that an export was replaced, edited or removed meanwhile; safe in any thread.

    A look at the file system is enough as long as nobody touched the file; if somebody did, it is
    read once, and its SHA-256 decides.
    """

    def __init__(self) -> None:
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._lock = Lock()

    def confirm(self, export: Export) -> None:
        """Return if the export is unchanged.

        Raises:
            ChangedError: It is not; what was read of it so far is as it was surveyed.
            HaltedError: The disk fails.
        """
        with self._lock:
            known = self._stamps.get(export.checksum, export.stamp)
            if not known:
                return
            try:
                stamp = stamp_of(export.path)
                changed = stamp != known and difference(
                    export.path, Former(export.checksum, export.size, export.milestones)
                )
            except OSError as error:
                raise unread_meanwhile(export.path, error) from None
            if changed:
                raise ChangedError(
                    f"{export.path} {changed}, while it was read; put the old file back and run "
                    "again to go on"
                )
            self._stamps[export.checksum] = stamp
