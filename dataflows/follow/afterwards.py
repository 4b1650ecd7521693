"""Is an archived export still written to? Who has a file open goes on, wherever that is moved."""

from math import isinf
from pathlib import Path
from typing import NamedTuple

from connectors.errors import RefusedError
from connectors.records import Export
from dataflows.follow.arrivals import Stamp, stamp


class Seen(NamedTuple):
    """What a look found: which changed, and of which the time is over."""

    changed: list[Path]
    over: list[Path]


class Afterwards:
    """Watches exports for `seconds` by a clock that never jumps; if that is no end, for one look.

    Those are where they were archived or, of which the archive has a copy, where they are kept.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = 0.0 if isinf(seconds) else seconds
        self._watched: dict[Path, tuple[Stamp | None, float]] = {}

    def add(self, export: Path, mark: Stamp | None, now: float) -> None:
        """Watch one from now on; by `mark` it is known that it did not change, None by nothing."""
        self._watched[export] = mark, now + self._seconds

    def look(self, now: float) -> Seen:
        """Look at all; what is found is watched no more."""
        there = {path: stamp_of(path) for path in self._watched}
        changed = [
            path for path, (mark, _) in self._watched.items() if there[path] not in {mark, None}
        ]
        over = [
            path
            for path, (_, until) in self._watched.items()
            if path not in changed and (now >= until or not there[path])
        ]
        for path in (*changed, *over):
            del self._watched[path]
        return Seen(changed, over)


def written_to(export: Export) -> RefusedError:
    """Return why an export is set aside that was written to before it was archived."""
    return RefusedError(
        f"it was written to after {export.records:,} records of it had been uploaded (ledger "
        f"{export.key}); make an export of what has come since, and let the traffic system say "
        f"when one is whole ({export.path.name}.done)"
    )


def written_on(export: Path, ledger: str) -> str:
    """Return what is told of an export that was written to after it was archived."""
    return (
        f"it was written to after it had been archived ({ledger}): its ledger knows nothing of "
        "what came then; make an export of that, and give --settle-seconds more than the longest "
        f"pause of whoever writes, or let it say when one is whole ({export.name}.done)"
    )


def stamp_of(path: Path) -> Stamp | None:
    """Return its stamp, None if it was moved away; that may be a keeper of archives."""
    try:
        return stamp(path.stat())
    except FileNotFoundError:
        return None
