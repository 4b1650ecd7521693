"""The checkpoint: how far a ledger has come, for people, scripts, and a run that lost its state."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.ledger.digested import read_digested, write_digested
from connectors.ledger.manifest import Mode

CHECKPOINT = ".checkpoint"
VERSION = 3


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """State of a ledger at the end of a batch.

    `lanes` gives, for each reading lane, the byte `offset` and `line` of the first record that is
    not settled; the `*_bytes` are the lengths to which the ledger's files hold good. The file has a
    digest of all that, `sha256`.
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
    started_at: str
    updated_at: str

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Offset and line of the first record that is not settled, by lane."""
        return {lane: (at["offset"], at["line"]) for lane, at in self.lanes.items()}

    def write(self, folder: Path, name: str = CHECKPOINT) -> None:
        """Write `.checkpoint` in one step, or the same under another name."""
        write_digested(folder / name, asdict(self))


def read_checkpoint(folder: Path, name: str = CHECKPOINT) -> Checkpoint | None:
    """Return a ledger's checkpoint, None if it has none yet.

    Raises:
        RefusedError: It is damaged, or of another version.
    """
    return read_digested(folder / name, Checkpoint, VERSION)
