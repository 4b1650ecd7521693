"""What has arrived in the landing folder, and whether it is whole."""

import os
from collections.abc import Iterable, Iterator, Sequence
from math import isinf
from pathlib import Path
from typing import NamedTuple

from dataflows.follow.names import companions, is_export

Stamp = tuple[int, int, int]
"""Number, size and time of the last change of a file."""


class Arrival(NamedTuple):
    """A file that may be an export; one that was `announced` has a companion no older than it."""

    name: str
    stamp: Stamp
    announced: bool


def arrivals(landing: Path) -> list[Arrival]:
    """Return what is there, in order of arrival: of the last change of a file or its name.

    Raises:
        OSError: The folder cannot be read.
    """
    found = sorted(_files(landing), key=lambda one: (one[1].st_ctime_ns, one[0]))
    return [
        Arrival(name, stamp(status), _announced(landing / name, status)) for name, status in found
    ]


def no_files(landing: Path) -> list[str]:
    """Return the names of links, pipes and the like that are called as exports are.

    Raises:
        OSError: The folder cannot be read.
    """
    with os.scandir(landing) as entries:
        return [
            entry.name
            for entry in entries
            if is_export(entry.name)
            and not (entry.is_file(follow_symlinks=False) or _is_dir(entry))
        ]


def waiting(landing: Path) -> int | None:
    """Return how many there are, those that are left alone included.

    None if the folder cannot be read.
    """
    try:
        return len(arrivals(landing)) + len(no_files(landing))
    except OSError:
        return None


def stamp(status: os.stat_result) -> Stamp:
    """Return by what a change of a file is noticed."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that comes to no end
        return False


def _files(landing: Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(landing) as entries:
        for entry in entries:
            if is_export(entry.name) and entry.is_file(follow_symlinks=False):
                try:
                    yield entry.name, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # taken back meanwhile


def _announced(export: Path, status: os.stat_result) -> bool:
    """An older companion is one of the file that had the name before."""
    try:
        times = [path.stat().st_mtime_ns for path in companions(export)]
    except FileNotFoundError:
        return False
    return any(time >= status.st_mtime_ns for time in times)


_DOUBTED_SECONDS = 120.0
"""Time for an export to settle that was announced before it was whole, where none is given."""


class Settling:
    """Knows since when files have been as they are; `seconds` unchanged, one counts as whole."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[str, tuple[Stamp, float]] = {}
        self._doubted: set[str] = set()

    def doubt(self, name: str) -> None:
        """Do not take a companion's word for the file that has the name now: it must be quiet."""
        self._doubted.add(name)

    def believe(self, name: str) -> None:
        """Take a companion's word for whatever has the name from now on."""
        self._doubted.discard(name)

    def was_quiet(self, one: Arrival, now: float) -> bool:
        """Tell whether an arrival had not changed for the time when it was looked at last."""
        mark, since = self._since.get(one.name, (None, now))
        return mark == one.stamp and now - since >= self._patience(one)

    def empty(self, found: Iterable[Arrival], now: float) -> list[str]:
        """Return those that have nothing in them, and have been quiet: they wait for ever."""
        empty = (one for one in found if not one.stamp[1] and not one.announced)
        return [one.name for one in empty if self.was_quiet(one, now)]

    def whole(self, found: Sequence[Arrival], now: float) -> Arrival | None:
        """Return the first arrival that is whole.

        Args:
            found: What is there now, in order.
            now: The time in seconds, by a clock that never jumps.
        """
        before = self._since
        self._since = {one.name: (one.stamp, now) for one in found}
        self._doubted.intersection_update(self._since)  # what comes again is another one
        for one in found:
            known = before.get(one.name)
            if known and known[0] == one.stamp:
                self._since[one.name] = known
        return next((one for one in found if self._is_whole(one, now)), None)

    def _is_whole(self, one: Arrival, now: float) -> bool:
        """Tell whether it is; one that is empty never settles, since it may only be open yet."""
        if one.announced and one.name not in self._doubted:
            return True
        return (bool(one.stamp[1]) or one.announced) and self.was_quiet(one, now)

    def _patience(self, one: Arrival) -> float:
        """Return how long it must be quiet; who waits for companions alone has one of those."""
        endless = isinf(self._seconds) and one.name in self._doubted
        return _DOUBTED_SECONDS if endless else self._seconds
