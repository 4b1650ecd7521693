"""A ledger held against its export, record by record in the order of the export."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from connectors.ledger.audit.findings import Findings, Kind, shown
from connectors.ledger.audit.index import Place
from connectors.ledger.audit.ledger_file import RECEIPTS, SHAPES, Fields, look_up, original
from connectors.ledger.audit.plain import PlainSpot, Reading
from connectors.ledger.audit.seal import Seal
from connectors.ledger.audit.sheets import NO_DESCENT, Descent, descent
from connectors.records import Export, Line

Places = list[Place]


@dataclass
class Comparison:
    """Holds a ledger's rows against the records of its export.

    `seal` is None for a ledger that is not sealed: what it lacks is then still to come.
    """

    folder: Path
    export: Export
    read: Reading
    seal: Seal | None
    findings: Findings
    _ancestors: set[str] = field(default_factory=set, init=False)
    _absent: Counter[str] = field(default_factory=Counter, init=False)
    _records: int = field(default=0, init=False)

    def run(self, lines: Iterable[Line], places: Iterable[Places]) -> None:
        """Compare once; both come in ascending order of their offsets."""
        with ExitStack() as stack:
            files = {
                name: stack.enter_context((self.folder / name).open("rb"))
                for name in SHAPES
                if (self.folder / name).exists()
            }
            for line, found in pair(lines, places):
                self._compare(line, found, files)
        if self.seal:
            self._compare_claims(self.seal)

    def _compare(self, line: Line | None, places: Places, files: Mapping[str, BinaryIO]) -> None:
        self._records += line is not None
        origin = descent(line, self.export.columns) if line else NO_DESCENT
        if origin.ancestor:
            self._ancestors.add(origin.ancestor["checksum"])
        if line and not places:
            self._compare_absent(line)
        for place in places:
            if line is None:
                what = f"no record of {self.export.path} begins at offset {place.offset}"
                self._hold("stray", place, what)
            else:
                row = look_up(files[place.file], place.position, SHAPES[place.file])
                self._compare_row(line, place, row)
                self._compare_descent(place, row, origin)

    def _compare_absent(self, line: Line) -> None:
        spot = self.read(line.raw)
        if self.seal is None:
            return
        if spot and self.seal.skips(spot.station):
            self._absent["skipped"] += 1
        elif spot and not self.seal.uploads:
            self._absent["valid_records"] += 1
        else:
            what = f"the record at offset {line.offset} stands nowhere in {self.folder}"
            self.findings.add("missing", f"{self.export.path}:{line.number}", what)

    def _compare_row(self, line: Line, place: Place, row: Fields) -> None:
        if not row:
            self._hold("row", place, "was changed while it was verified; verify again")
            return
        if row["line"] != line.number:
            what = f"`line` is {row['line']}, the record begins in line {line.number}"
            self._hold("line", place, what)
        if place.file == RECEIPTS:
            self._compare_text(place, row, self.read(line.raw))
        elif not _same_bytes(row, line):
            self._hold("raw", place, f"`raw` is not what {self.export.path}:{line.number} holds")

    def _compare_descent(self, place: Place, row: Fields, origin: Descent) -> None:
        ancestor, mine = origin.ancestor, row.get("request_id")
        if row and row.get("ancestor") != ancestor:
            what = f"`ancestor` is {shown(row.get('ancestor'))}, the sheet says {shown(ancestor)}"
            self._hold("ancestor", place, what)
        elif ancestor and mine and origin.kept != (mine == ancestor["request_id"]):
            what = "is as it was" if origin.kept else "is not as it was"
            self._hold("ancestor", place, f"{what}, and has not the request ID for that")

    def _compare_text(self, place: Place, receipt: Fields, spot: PlainSpot | None) -> None:
        if spot is None:
            self._hold("text", place, "its record in the export cannot be read")
            return
        for name, value in zip(PlainSpot._fields, spot, strict=True):
            if receipt[name] != value:
                what = f"`{name}` is {shown(receipt[name])}, the export says {shown(value)}"
                self._hold("text", place, what)

    def _compare_claims(self, seal: Seal) -> None:
        seal.expect("checksum", self.export.checksum, "export")
        seal.expect("bytes", self.export.size, "export")
        seal.expect("format", self.export.format, "export")
        if "packing" in seal.claims:  # a seal from before there was any has none
            seal.expect("packing", self.export.packing, "export")
        seal.expect("ancestors", sorted(self._ancestors), "export")
        seal.expect("columns", list(self.export.columns), "export")
        seal.expect("total_records", self._records, "export")
        seal.expect("skipped", self._absent["skipped"], "export")
        if not seal.uploads:
            seal.expect("valid_records", self._absent["valid_records"], "export")

    def _hold(self, kind: Kind, place: Place, what: str) -> None:
        self.findings.add(kind, f"{self.folder / place.file}:{place.row}", what)


def pair(lines: Iterable[Line], places: Iterable[Places]) -> Iterator[tuple[Line | None, Places]]:
    """Join records with the places at their offsets; either may be without the other."""
    groups = iter(places)
    group = next(groups, None)
    for line in lines:
        while group and group[0].offset < line.offset:
            yield None, group
            group = next(groups, None)
        if group and group[0].offset == line.offset:
            yield line, group
            group = next(groups, None)
        else:
            yield line, []
    while group:
        yield None, group
        group = next(groups, None)


def _same_bytes(letter: Fields, line: Line) -> bool:
    """Compare the bytes; of a record over the limit its head, and its `length` where it is told."""
    raw = original(letter)
    # A carriage return before the line end is taken for content by one reader and not by another.
    if raw is None or raw.rstrip(b"\r") != line.raw.rstrip(b"\r"):
        return False
    surplus: int = line.length - letter.get("length", line.length)
    return surplus in (0, 1)
