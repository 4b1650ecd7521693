"""Ledgers that follow on each other: is every dead letter delivered once, replaced, or open?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.ledger.audit.findings import Findings
from connectors.ledger.closing import Came, closing
from connectors.ledger.manifest import read_manifest
from connectors.ledger.sealed import Sealed


@dataclass(frozen=True, slots=True)
class Night:
    """What became of the dead letters of several ledgers. No findings: all is as it should be."""

    came: Came
    findings: Findings


def night(folders: Sequence[Path]) -> Night | None:
    """Follow dead letters through ledgers; None if none of these follows on another.

    Raises:
        RefusedError: A ledger is damaged.
        OSError: A file cannot be read.
    """
    found = [Sealed(folder, manifest) for folder in folders if (manifest := read_manifest(folder))]
    ledgers = sorted(found, key=lambda one: (one.manifest.completed_at, one.folder.name))
    if not any(ledger.manifest.ancestors for ledger in ledgers):
        return None
    findings = Findings()
    with closing(ledgers) as index:

        def where(record: tuple[str, int]) -> str:
            return f"{index.export_of(record[0]) or record[0]}, byte {record[1]}"

        for orphan in index.orphans():
            findings.add("ancestor", where(orphan), "is an ancestor, but was no dead letter")
        for stranger in index.strangers():
            what = "was sent again under a request ID that is not its own"
            findings.add("ancestor", where(stranger), what)
        for first, second in index.twice():
            what = f"was delivered, and in another form as {where(second)}"
            findings.add("twice", where(first), what)
        return Night(index.came(), findings)
