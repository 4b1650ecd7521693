"""Arrivals that cannot be taken now, and are tried again later."""

from collections.abc import Iterable

from dataflows.follow.arrivals import Arrival, Stamp

_SECONDS = 60.0
"""Until one is tried again; sooner when it has changed."""


class Postponed:
    """Knows which arrivals wait, and since when; time by a clock that never jumps."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[Stamp, float]] = {}

    def add(self, name: str, stamp: Stamp, now: float) -> bool:
        """Have an arrival wait, and tell whether that is new."""
        known = self._until.get(name)
        self._until[name] = stamp, now + _SECONDS
        return known is None or known[0] != stamp

    def without(self, found: Iterable[Arrival], now: float) -> list[Arrival]:
        """Return those that need not wait; what is not there any more is forgotten."""
        there = list(found)
        names = {one.name for one in there}
        self._until = {name: one for name, one in self._until.items() if name in names}
        return [one for one in there if not self._waits(one, now)]

    def _waits(self, one: Arrival, now: float) -> bool:
        stamp, until = self._until.get(one.name, (None, now))
        return stamp == one.stamp and now < until
