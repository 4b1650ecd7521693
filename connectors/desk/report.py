"""The figures of the handoff report, gathered from ledgers in one pass over each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from pydantic_core import from_json

from connectors.desk.course import Course, course
from connectors.desk.groups import MOST_STATIONS, OTHERS, Group, cut, groups, station_of
from connectors.desk.words import MEANINGS, TO_DO
from connectors.ledger import Came, Manifest, OpenLetter, Sealed, closing, family, original
from connectors.ledger.audit.chain import check_chain
from connectors.ledger.audit.night import night
from connectors.ledger.files import sha256_of
from connectors.ledger.manifest import MANIFEST
from connectors.ledger.verify import verify
from connectors.trail import trace_of

MOST_LETTERS = 2000
"""Dead letters in the table; a page with more would not open on a phone."""

MOST_PLACES = MOST_STATIONS * 24
"""Pairs of station and hour that are told apart."""

_HOUR = len("2026-11-24T05")


class Checked(NamedTuple):
    """A ledger, its manifest's digest, and what verifying it found."""

    manifest: Manifest
    digest: str
    findings: Sequence[str]


class Cell(NamedTuple):
    """Spots of one station in one hour of air time."""

    delivered: int
    open: int


class Row(NamedTuple):
    """A dead letter as the table shows it; `link` leads to its trace, and is empty without one."""

    export: str
    line: int
    station: str
    spot_id: str
    airtime: str
    reason: str
    detail: str
    to_do: str
    attempts: int
    trace: str
    link: str


@dataclass
class Report:
    """What a page shows.

    `left_out` are the dead letters beyond those in the table, `together` what is wrong with the
    ledgers as a whole.
    """

    ledgers: list[Checked]
    came: Came
    course: Course
    reasons: list[Group]
    rows: list[Row]
    left_out: int
    delivered: Counter[tuple[str, str]] = field(default_factory=Counter)
    open: Counter[tuple[str, str]] = field(default_factory=Counter)
    together: Sequence[str] = ()

    @property
    def stations(self) -> list[str]:
        """Stations in alphabetical order."""
        return sorted({station for station, _ in self.delivered | self.open})

    @property
    def hours(self) -> list[str]:
        """Hours of air time, as exports write them."""
        return sorted({hour for _, hour in self.delivered | self.open})

    def cell(self, station: str, hour: str) -> Cell:
        """Return the spots of a station in an hour."""
        return Cell(self.delivered[station, hour], self.open[station, hour])

    @property
    def sound(self) -> bool:
        """Tell whether neither a ledger nor all together had findings."""
        return not self.together and not any(ledger.findings for ledger in self.ledgers)


def gather(
    ledgers: Sequence[Sealed], around: Sequence[Sealed], *, per_second: float, trace_url: str
) -> Report:
    """Gather a report.

    Args:
        ledgers: What it is about, with all that was sent of it since; oldest first.
        around: Those and all that may come after them.
        per_second: The quota, in requests.
        trace_url: Page of a trace, with `{trace_id}` in it; empty for none.

    Raises:
        RefusedError: A ledger is damaged.
        OSError: A file cannot be read.
    """
    ledgers = family(ledgers, around)
    checked = [_checked(ledger) for ledger in ledgers]
    mine = {ledger.folder for ledger in ledgers}
    delivered: Counter[tuple[str, str]] = Counter()
    ticks = (tick for ledger in ledgers for tick in _ticks(ledger, delivered))
    held_up = (one for ledger in ledgers for one in ledger.manifest.held_up.items())
    found = course(ticks, per_second=per_second, held_up=held_up)
    with closing(around) as index:

        def letters() -> Iterable[OpenLetter]:
            return index.open_letters(lambda ledger: ledger.folder in mine)

        reasons = groups(letters())
        open_: Counter[tuple[str, str]] = Counter()
        for one in letters():
            open_[_known(open_, *_place(one))] += 1
        rows = [_row(one, trace_url) for one in islice(letters(), MOST_LETTERS)]
        left_out = sum(group.count for group in reasons) - len(rows)
        came = index.came()
    together = _together(around)
    return Report(checked, came, found, reasons, rows, left_out, delivered, open_, together)


def _checked(ledger: Sealed) -> Checked:
    findings = list(verify(ledger.folder).findings)
    return Checked(ledger.manifest, sha256_of(ledger.folder / MANIFEST), findings)


def _together(ledgers: Sequence[Sealed]) -> list[str]:
    """Return the findings of the night and of the chain."""
    found = night([ledger.folder for ledger in ledgers])
    return [*(found.findings if found else ()), *check_chain(ledgers[0].folder.parent)]


def _ticks(ledger: Sealed, delivered: Counter[tuple[str, str]]) -> Iterable[tuple[str, int]]:
    """Count the receipts by place, and yield when each was delivered and after how many tries."""
    with ledger.receipts.open("rb") as file:
        for line in file:
            row = from_json(line)
            delivered[_known(delivered, row["station"], row["airtime"][:_HOUR])] += 1
            yield row["delivered_at"], row["attempts"]


def _known(counts: Counter[tuple[str, str]], station: str, hour: str) -> tuple[str, str]:
    """Return where a spot is counted: nonsense in these fields must not fill the memory."""
    place = cut(station), hour
    return place if place in counts or len(counts) < MOST_PLACES else (OTHERS, "")


def _place(one: OpenLetter) -> tuple[str, str]:
    fields: Mapping[str, Any] = original(one.letter, one.ledger.manifest) or {}
    airtime = fields.get("AirDateTime")
    return station_of(one), airtime[:_HOUR] if isinstance(airtime, str) else ""


def _row(one: OpenLetter, trace_url: str) -> Row:
    letter, manifest = one.letter, one.ledger.manifest
    fields = original(letter, manifest) or {}
    trace = trace_of(letter, manifest.checksum)
    return Row(
        manifest.export,
        letter.line,
        station_of(one),
        cut(str(fields.get("SpotID", ""))),
        cut(str(fields.get("AirDateTime", ""))),
        MEANINGS[letter.reason],
        cut(letter.detail),
        TO_DO[letter.reason],
        letter.attempts,
        trace,
        trace_url.replace("{trace_id}", trace),
    )
