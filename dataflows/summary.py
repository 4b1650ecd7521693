"""The end of a run in words for a traffic manager."""

from pathlib import Path

from connectors.desk import MEANINGS
from connectors.ledger import Manifest


def summary_lines(manifest: Manifest, folder: Path) -> list[str]:
    """Return the lines of an export's summary."""
    counts = [("records", manifest.total_records), ("valid", manifest.valid_records)]
    if manifest.mode == "upload":
        counts += [("accepted", manifest.accepted), ("duplicates", manifest.duplicates)]
    if manifest.stations is not None:
        counts.append(("skipped", manifest.skipped))
    counts.append(("dead letters", manifest.dead_lettered))
    return [
        f"{manifest.export}",
        *(_line(name, f"{count:,}") for name, count in counts),
        *(f"    {count:>10,}  {MEANINGS[reason]}" for reason, count in manifest.reasons.items()),
        *_delivery(manifest),
        _line("checksum", f"sha256 {manifest.checksum}"),
        _line("reconciled", "yes" if manifest.reconciled else "NO: see `avstar verify`"),
        _line("ledger", str(folder)),
    ]


def _delivery(manifest: Manifest) -> list[str]:
    """Tell what held the delivery up; of a smooth one there is nothing to tell."""
    repeats = manifest.attempts - manifest.accepted - manifest.duplicates - manifest.failed
    told = []
    if repeats:
        told.append(("repeats", f"{repeats:,}"))
    if manifest.throttled or manifest.paused_seconds:
        told.append(("throttled", _times(manifest.throttled, manifest.paused_seconds)))
    if manifest.breaker_openings or manifest.breaker_seconds:
        told.append(("breaker open", _times(manifest.breaker_openings, manifest.breaker_seconds)))
    if manifest.token_renewals:
        told.append(("token renewed", f"{manifest.token_renewals:,}"))
    return [_line(name, value) for name, value in told]


def _times(count: int, seconds: float) -> str:
    return f"{count:,} (waited {seconds:,.1f} s)"


def _line(name: str, value: str) -> str:
    return f"  {name:<14}{value}"
