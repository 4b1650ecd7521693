"""The checkpoint: how far a ledger has come, for people and for scripts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.ledger.files import read_values, write_whole
from connectors.ledger.manifest import Mode

CHECKPOINT = ".checkpoint"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """State of a ledger at the end of a batch.

    `lanes` gives, for each reading lane, the byte `offset` and `line` of the first record that is
    not settled; the `*_bytes` are the lengths to which the ledger's files hold good.
    """

    version: int = VERSION
    mode: Mode
    export: str
    checksum: str
    bytes: int
    total_records: int
    settled: int
    counts: dict[str, Any]
    lanes: dict[str, dict[str, int]]
    receipts_bytes: int
    dead_letters_bytes: int
    updated_at: str

    def write(self, folder: Path) -> None:
        """Write `.checkpoint` in one step."""
        write_whole(folder / CHECKPOINT, json.dumps(asdict(self), indent=2).encode() + b"\n")


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return a ledger's checkpoint, None if it has none yet.

    Raises:
        RefusedError: It is damaged.
    """
    return read_values(folder / CHECKPOINT, Checkpoint)
