"""Spots that Avstar has, by which an unwell API is told from spots that it cannot take."""

from collections.abc import Callable, Iterable

from connectors.avstar.outcome import Verdict
from connectors.avstar.repetition import Repetition
from connectors.avstar.tries import Tries
from connectors.records import Spot

MOST_STATIONS = 16
"""Spots that are kept: an API that cannot take a station may fail one that it has of it as well."""


class Known:
    """Spots that Avstar has, one of each of the last stations, and whether those that fail are bad.

    When fresh spots fail, the next probe repeats one of these. If that is answered well, the API is
    well, and so the others are to blame: until one of them is accepted, the next probe asks again.
    If it fails too, it is an outage, and a fresh spot probes next.

    Args:
        before: Gives spots that Avstar has from before, asked once and only if there is need.
    """

    def __init__(self, before: Callable[[], Iterable[Spot]] = tuple) -> None:
        self._before: Callable[[], Iterable[Spot]] | None = before
        self._tries: dict[str, Tries] = {}
        self._doubts = False

    def __bool__(self) -> bool:
        """Tell whether there is one."""
        if not self._tries and self._before is not None:
            found, self._before = self._before(), None
            for spot in found:
                self._keep(Tries(spot))
        return bool(self._tries)

    def delivered(self, tries: Tries) -> None:
        """Note that a spot was accepted, or is a duplicate."""
        self._doubts = False
        self._keep(tries)

    def doubt(self) -> None:
        """Note that a fresh spot failed as a probe."""
        self._doubts = True

    def repetition(self) -> Repetition | None:
        """Return what the next probe sends instead of a fresh spot, if it is to; each in turn."""
        if not (self._doubts and self):
            return None
        station = next(iter(self._tries))
        self._tries[station] = tries = self._tries.pop(station)
        return Repetition([tries])

    def told(self, verdict: Verdict) -> None:
        """Learn what came of a repetition."""
        self._doubts = verdict not in (Verdict.TRANSIENT, Verdict.THROTTLED)

    def _keep(self, tries: Tries) -> None:
        self._tries[tries.spot.station] = tries
        if len(self._tries) > MOST_STATIONS:
            del self._tries[next(iter(self._tries))]
