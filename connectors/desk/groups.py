"""Dead letters by reason and station, with examples."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.ledger import OpenLetter, original
from connectors.records import Reason

EXAMPLES = 3
MOST_STATIONS = 1000
"""Stations told apart: a broken export may name a new one in every row."""

MOST_CHARACTERS = 200
"""Of a field that is shown."""

UNKNOWN = "(no station)"
OTHERS = "(others)"


@dataclass
class Group:
    """The dead letters of one reason: how many, at which stations, and the first of them."""

    reason: Reason
    count: int = 0
    redrivable: int = 0
    stations: Counter[str] = field(default_factory=Counter)
    examples: list[OpenLetter] = field(default_factory=list)

    def add(self, one: OpenLetter) -> None:
        """Count a dead letter in."""
        self.count += 1
        self.redrivable += one.redrivable
        station = station_of(one)
        known = station in self.stations or len(self.stations) < MOST_STATIONS
        self.stations[station if known else OTHERS] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(one)


def groups(letters: Iterable[OpenLetter]) -> list[Group]:
    """Group dead letters by their reasons, the most frequent first."""
    found: dict[Reason, Group] = {}
    for one in letters:
        reason = one.letter.reason
        found.setdefault(reason, Group(reason)).add(one)
    return sorted(found.values(), key=lambda group: (-group.count, group.reason))


def station_of(one: OpenLetter) -> str:
    """Return the station of a dead letter as its record has it."""
    fields = original(one.letter, one.ledger.manifest)
    station = fields.get("StationCode") if fields else None
    return cut(station) if isinstance(station, str) and station else UNKNOWN


def cut(text: str) -> str:
    """Shorten a text for people: a field may be as long as a record."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
