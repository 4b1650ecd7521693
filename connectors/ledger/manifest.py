"""The manifest: what the auditor reads, and the seal on a ledger."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from connectors.ledger.counts import Counts
from connectors.ledger.files import READ_ONLY, read_values, write_whole
from connectors.records import Export, Packing

MANIFEST = "manifest.json"
VERSION = 1

Mode = Literal["upload", "validate-only"]
Sign = Callable[[bytes], bytes]
"""Makes the signature of a manifest's bytes."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Counts and digests of one export's ledger; times are UTC in ISO 8601.

    total = valid + rejected + skipped; dead_lettered = rejected + failed; and in an upload
    valid = accepted + duplicates + failed. `reconciled` says that all of that holds. `columns` is
    the header of a CSV, without which its dead letters could not be read; `ancestors` are the
    SHA-256 of the exports that its records come from, by way of the traffic desk. `api_url` is
    where spots went, null if nowhere. `attempts` are the requests for the records of this ledger,
    `parked` its `circuit_open` dead letters; from `throttled` on they are the sums of
    `connectors.effort.Effort`, and `held_up` those of `HOLDUPS` by the minute of UTC in which they
    began. `previous` is the SHA-256 of the manifest that was sealed before it in the same folder,
    null for the first one. `checksum` and `bytes` are the file's as it lies on the disk, whatever
    its `packing`; the offsets of its records count in the text within.
    """

    version: int = VERSION
    mode: Mode
    ledger: str
    export: str
    format: str
    columns: list[str]
    ancestors: list[str]
    checksum: str
    bytes: int
    total_records: int
    valid_records: int
    rejected_records: int
    skipped: int
    stations: list[str] | None
    api_url: str | None
    accepted: int
    duplicates: int
    failed: int
    dead_lettered: int
    reasons: dict[str, int] = field(default_factory=dict)
    reconciled: bool
    attempts: int
    parked: int
    throttled: int
    breaker_openings: int
    paused_seconds: float
    breaker_seconds: float
    token_renewals: int
    held_up: dict[str, list[float]] = field(default_factory=dict)
    receipts_sha256: str
    dead_letters_sha256: str
    previous: str | None = None
    started_at: str
    completed_at: str
    packing: Packing = "none"

    def write(self, folder: Path, sign: Sign | None = None) -> None:
        """Write `manifest.json` in one step, its signature before it, and make both read-only."""
        path = folder / MANIFEST
        content = json.dumps(asdict(self), ensure_ascii=False, indent=2).encode() + b"\n"
        if sign:
            signature = path.with_name(f"{MANIFEST}.sig")
            write_whole(signature, sign(content))
            signature.chmod(READ_ONLY)
        write_whole(path, content)
        path.chmod(READ_ONLY)


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a sealed ledger, None if it is not sealed.

    Raises:
        RefusedError: It is damaged.
    """
    return read_values(folder / MANIFEST, Manifest)


def new_manifest(export: Export, counts: Counts, **others: Any) -> Manifest:
    """Make the manifest of an export from its final counts."""
    return Manifest(
        ledger=export.key,
        export=export.path.name,
        format=export.format,
        columns=list(export.columns),
        ancestors=list(export.ancestors),
        checksum=export.checksum,
        bytes=export.size,
        packing=export.packing,
        total_records=counts.records,
        valid_records=counts.valid,
        rejected_records=counts.rejected,
        skipped=counts.skipped,
        accepted=counts.accepted,
        duplicates=counts.duplicates,
        failed=counts.failed,
        dead_lettered=counts.dead_lettered,
        reasons=dict(sorted(counts.reasons.items())),
        reconciled=counts.records == export.records
        and counts.is_consistent(uploaded=others["mode"] == "upload"),
        attempts=counts.attempts,
        parked=counts.parked,
        throttled=counts.throttled,
        breaker_openings=counts.breaker_openings,
        paused_seconds=round(counts.paused_seconds, 3),
        breaker_seconds=round(counts.breaker_seconds, 3),
        token_renewals=counts.token_renewals,
        held_up=dict(counts.held_up),
        **others,
    )
