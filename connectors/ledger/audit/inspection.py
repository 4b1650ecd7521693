"""What every row of a ledger must be by itself, before any export is at hand."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.ledger.audit.findings import Findings, shown
from connectors.ledger.audit.index import Place
from connectors.ledger.audit.ledger_file import RECEIPTS, Fields, LedgerFile, original
from connectors.ledger.audit.plain import PlainSpot, Reading
from connectors.ledger.audit.seal import Seal
from connectors.ledger.audit.shape import flaws
from connectors.ledger.audit.sheets import ANCESTOR, request_id_of
from connectors.records import REJECTIONS


@dataclass
class Inspection:
    """Looks at each row once, counts it, and says where it stands.

    `checksum` is the export's; without it no request ID can be recomputed, nor that of a dead
    letter without `read`; `of_sheet` says that it is a sheet of the traffic desk. `counted` holds
    the rows by outcome and reason, `attempts` the requests for each.
    """

    findings: Findings
    seal: Seal | None
    checksum: str | None
    read: Reading | None
    of_sheet: bool = False
    counted: Counter[str] = field(default_factory=Counter, init=False)
    attempts: int = field(default=0, init=False)

    def places(self, file: LedgerFile) -> Iterator[Place]:
        """Go through one file; its rows without a flaw come back as places."""
        name = file.path.name
        for row in file:
            fields, request = row.fields, None
            self.attempts += fields["attempts"]
            self._check_ancestor(file.where(row.number), fields)
            if name == RECEIPTS:
                request = bytes.fromhex(fields["request_id"])
                self.counted[fields["outcome"]] += 1
                self._check_receipt(file.where(row.number), fields)
            else:
                self.counted[fields["reason"]] += 1
                self._check_letter(file.where(row.number), fields)
            yield Place(fields["offset"], name, row.number, row.position, request)

    def _check_ancestor(self, where: str, row: Fields) -> None:
        ancestor = row.get("ancestor")
        if ancestor is None:
            return
        if flaw := next(flaws(ancestor, ANCESTOR), None):
            self.findings.add("ancestor", where, f"`ancestor` {flaw}")
        elif self.seal and ancestor["checksum"] not in self.seal.claims["ancestors"]:
            what = f"comes from {ancestor['checksum']}, which the manifest does not name"
            self.findings.add("ancestor", where, what)

    def _check_receipt(self, where: str, receipt: Fields) -> None:
        spot = PlainSpot(*(receipt[name] for name in PlainSpot._fields))
        self._check_request_id(where, receipt, spot)
        if self.seal and self.seal.skips(spot.station):
            what = f"station {shown(spot.station)} was not to be uploaded"
            self.findings.add("station", where, what)

    def _check_letter(self, where: str, letter: Fields) -> None:
        if letter["request_id"] is None and letter["reason"] in REJECTIONS:
            return  # never became a spot
        raw = original(letter)
        if self.read and raw is not None:
            self._check_request_id(where, letter, self.read(raw))

    def _check_request_id(self, where: str, row: Fields, spot: PlainSpot | None) -> None:
        if self.checksum is None:
            return
        expected = spot and request_id_of(row, self.checksum, spot, of_sheet=self.of_sheet)
        if row["request_id"] != expected:
            what = f"`request_id` is {shown(row['request_id'])}, its spot gives {shown(expected)}"
            self.findings.add("request_id", where, what)
