"""The manifest that seals a ledger: what it claims, held against what the rows give."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from connectors.ledger.audit.findings import Findings, Kind, shown
from connectors.ledger.audit.shape import MANIFEST, flaws
from connectors.records import KEY_DIGITS, REJECTIONS

FILE_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Seal:
    """A manifest that can be read, and where findings against it go."""

    path: Path
    claims: Mapping[str, Any]
    findings: Findings

    @property
    def uploads(self) -> bool:
        """Whether spots were sent; otherwise they were only validated."""
        return bool(self.claims["mode"] == "upload")

    def skips(self, station: str) -> bool:
        """Tell whether the run left out the spots of this station."""
        return self.claims["stations"] is not None and station not in self.claims["stations"]

    def expect(self, name: str, found: object, kind: Kind = "count") -> None:
        """Hold one claim against what was found in the rows, or in the export."""
        if self.claims[name] != found:
            what = f"`{name}` is {shown(self.claims[name])}, found {shown(found)}"
            self.findings.add(kind, self.path, what)

    def compare_digest(self, name: str, file: Path, digest: str) -> None:
        """Hold the digest of a file against the claim."""
        if self.claims[name] != digest:
            self.findings.add("digest", file, f"is not the file that was sealed: SHA-256 {digest}")

    def compare_counts(self, counted: Counter[str]) -> None:
        """Hold the rows, counted by outcome and reason, against the claims."""
        reasons = {k: n for k, n in counted.items() if k not in OUTCOMES}
        rejected = sum(n for reason, n in reasons.items() if reason in REJECTIONS)
        letters = sum(reasons.values())
        self.expect("accepted", counted["accepted"])
        self.expect("duplicates", counted["duplicate"])
        self.expect("dead_lettered", letters)
        self.expect("rejected_records", rejected)
        self.expect("failed", letters - rejected)
        self.expect("reasons", reasons)
        self.expect("parked", counted["circuit_open"])

    def check_invariants(self) -> None:
        """Check what the claims must be to each other, whatever the rows say."""
        claims = SimpleNamespace(**self.claims)
        for rule, holds in RULES.items():
            if not holds(claims):
                self.findings.add("invariant", self.path, f"does not hold: {rule}")


RULES: Mapping[str, Callable[[Any], bool]] = {
    "total_records = valid_records + rejected_records + skipped": lambda m: (
        m.total_records == m.valid_records + m.rejected_records + m.skipped
    ),
    "dead_lettered = rejected_records + failed": lambda m: (
        m.dead_lettered == m.rejected_records + m.failed
    ),
    "valid_records = accepted + duplicates + failed in an upload": lambda m: (
        m.mode != "upload" or m.valid_records == m.accepted + m.duplicates + m.failed
    ),
    "nothing is delivered where spots are only validated": lambda m: (
        m.mode == "upload" or m.accepted + m.duplicates + m.failed + m.attempts == 0
    ),
    "nothing is skipped where no stations are chosen": lambda m: (
        m.stations is not None or m.skipped == 0
    ),
    "`held_up` adds up to `throttled` and `breaker_openings`": lambda m: (
        _column(m.held_up, 0) == m.throttled and _column(m.held_up, 2) == m.breaker_openings
    ),
    "`ledger` ends with the first digits of `checksum`": lambda m: m.ledger.endswith(
        f".{m.checksum[:KEY_DIGITS]}"
    ),
    "`reconciled` is true": lambda m: m.reconciled,
}
"""What every manifest must hold, as people write it and as it is checked."""


def _column(held_up: Mapping[str, Sequence[float]], number: int) -> float:
    return sum(minute[number] for minute in held_up.values() if len(minute) > number)


OUTCOMES = frozenset({"accepted", "duplicate"})


def read_seal(folder: Path, findings: Findings) -> Seal | None:
    """Read a ledger's manifest; None, and a finding, where it has none that can be used."""
    path = folder / FILE_NAME
    try:
        claims = json.loads(path.read_bytes())
    except FileNotFoundError:
        what = "is missing: the ledger is not sealed; start the same run again to finish it"
        findings.add("unsealed", path, what)
        return None
    except (ValueError, RecursionError):
        findings.add("manifest", path, "is not JSON")
        return None
    found = list(flaws(claims, MANIFEST))
    for flaw in found:
        findings.add("manifest", path, flaw)
    return None if found else Seal(path, claims, findings)
