"""Is an archived export still written to? Who has a file open goes on, wherever that is moved."""

from math import isinf
from pathlib import Path

from connectors.errors import RefusedError
from connectors.records import Export
from dataflows.follow.arrivals import Stamp, stamp


class Afterwards:
    """Watches exports for `seconds` by a clock that never jumps; if that is no end, not at all."""

    def __init__(self, seconds: float) -> None:
        self._seconds = 0.0 if isinf(seconds) else seconds
        self._watched: dict[Path, tuple[Stamp | None, float]] = {}

    def add(self, export: Path, now: float) -> None:
        """Watch one from now on."""
        self._watched[export] = _stamp(export), now + self._seconds

    def written_to(self, now: float) -> list[Path]:
        """Return those that changed, each once; forget those whose time is over."""
        found = [path for path, (mark, _) in self._watched.items() if _stamp(path) != mark]
        self._watched = {
            path: one for path, one in self._watched.items() if path not in found and now < one[1]
        }
        return found


def written_to(export: Export) -> RefusedError:
    """Return why an export is set aside that was written to before it was archived."""
    return RefusedError(
        f"it was written to after {export.records:,} records of it had been uploaded (ledger "
        f"{export.key}); make an export of what has come since, and let the traffic system say "
        f"when one is whole ({export.path.name}.done)"
    )


def written_on(place: Path) -> str:
    """Return what is told of an export that was written to after it was archived."""
    return (
        f"it was written to after it had been archived ({place}): its ledger knows nothing of what "
        "came then; make an export of that, and give --settle-seconds more than the longest pause "
        f"of whoever writes, or let it say when one is whole ({place.name}.done)"
    )


def _stamp(path: Path) -> Stamp | None:
    """Return its stamp, None if it was moved away; that may be a keeper of archives."""
    try:
        return stamp(path.stat())
    except FileNotFoundError:
        return None
