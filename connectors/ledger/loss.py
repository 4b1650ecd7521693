"""What a ledger has lost of what its checkpoint says."""

from pathlib import Path

from connectors.ledger.checkpoint import CHECKPOINT, Checkpoint
from connectors.ledger.row_files import DEAD_LETTERS, RECEIPTS
from connectors.records import Export


def loss(folder: Path, export: Export, checkpoint: Checkpoint | None) -> str | None:
    """Say why an upload cannot go on with a ledger, None if it can.

    Args:
        folder: The ledger; an upload has begun to write it.
        export: The export of the ledger.
        checkpoint: Its checkpoint, None if there is none.
    """
    if checkpoint and checkpoint.checksum != export.checksum:
        return f"{folder / CHECKPOINT} is that of another export"
    receipts, letters = folder / RECEIPTS, folder / DEAD_LETTERS
    sizes = (checkpoint.receipts_bytes, checkpoint.dead_letters_bytes) if checkpoint else (0, 0)
    return _cut(receipts, sizes[0]) or _cut(letters, sizes[1])


def _cut(path: Path, size: int) -> str | None:
    try:
        with path.open("rb") as file:
            found = file.seek(0, 2)
            if found < size:
                return f"{path} has {found:,} of the {size:,} bytes that {CHECKPOINT} knows"
            file.seek(max(0, size - 1))
            whole = not size or file.read(1) == b"\n"
    except FileNotFoundError:
        return f"{path} is gone"
    return None if whole else f"{path} has no row that ends at byte {size:,}, as {CHECKPOINT} says"
