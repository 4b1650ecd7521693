"""The figures of the handoff report, gathered from ledgers in one pass over each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from pydantic_core import from_json

from connectors.desk.course import Course, course
from connectors.desk.groups import MOST_STATIONS, OTHERS, Group, groups, station_of
from connectors.desk.names import night_of
from connectors.desk.words import MEANINGS, TO_DO
from connectors.ledger import Came, Manifest, OpenLetter, Sealed, closing, original
from connectors.ledger.audit.chain import check_chain
from connectors.ledger.audit.night import night
from connectors.ledger.files import sha256_of
from connectors.ledger.manifest import MANIFEST
from connectors.ledger.verify import verify

MOST_LETTERS = 2000
"""Dead letters in the table; a page with more would not open on a phone."""

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
    """A dead letter as the table shows it; `trace` is a link, empty without one."""

    export: str
    line: int
    station: str
    spot_id: str
    airtime: str
    reason: str
    detail: str
    to_do: str
    attempts: int
    request_id: str
    trace: str


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
        ledgers: What it is about, oldest first.
        around: Those and all that may come after them.
        per_second: The quota, in requests.
        trace_url: Page of a trace, with `{trace_id}` in it; empty for none.

    Raises:
        RefusedError: A ledger is damaged.
        OSError: A file cannot be read.
    """
    checked = [_checked(ledger) for ledger in ledgers]
    mine = {night_of(ledger.folder.name) for ledger in ledgers}
    delivered: Counter[tuple[str, str]] = Counter()
    ticks = (tick for ledger in ledgers for tick in _ticks(ledger, delivered))
    found = course(ticks, per_second=per_second)
    with closing(around) as index:

        def letters() -> Iterable[OpenLetter]:
            return (one for one in index.open_letters() if _night(one) in mine)

        reasons = groups(letters())
        open_ = Counter(map(_place, letters()))
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


def _night(one: OpenLetter) -> str:
    """Return the ledger that a letter is of, through all that was sent again by itself."""
    return night_of(one.ledger.folder.name)


def _ticks(ledger: Sealed, delivered: Counter[tuple[str, str]]) -> Iterable[tuple[str, int]]:
    """Count the receipts by place, and yield when each was delivered and after how many tries."""
    with ledger.receipts.open("rb") as file:
        for line in file:
            row = from_json(line)
            delivered[_known(delivered, row["station"]), row["airtime"][:_HOUR]] += 1
            yield row["delivered_at"], row["attempts"]


def _known(counts: Counter[tuple[str, str]], station: str) -> str:
    return station if len(counts) < MOST_STATIONS * 24 else OTHERS


def _place(one: OpenLetter) -> tuple[str, str]:
    fields: Mapping[str, Any] = original(one.letter, one.ledger.manifest) or {}
    airtime = fields.get("AirDateTime")
    return station_of(one), airtime[:_HOUR] if isinstance(airtime, str) else ""


def _row(one: OpenLetter, trace_url: str) -> Row:
    letter, manifest = one.letter, one.ledger.manifest
    fields = original(letter, manifest) or {}
    request = letter.request_id or ""
    return Row(
        manifest.export,
        letter.line,
        station_of(one),
        str(fields.get("SpotID", "")),
        str(fields.get("AirDateTime", "")),
        MEANINGS[letter.reason],
        letter.detail,
        TO_DO[letter.reason],
        letter.attempts,
        request,
        trace_url.replace("{trace_id}", request) if request else "",
    )
