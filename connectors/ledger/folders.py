"""Which folders in OUT are ledgers; whatever else lies there is nobody's business."""

from collections.abc import Iterator
from pathlib import Path

from connectors.records import KEY_DIGITS


def ledger_folders(out: Path) -> Iterator[Path]:
    """Yield the folders that are named as ledgers are, sorted."""
    yield from (path for path in sorted(out.glob(f"*.{'[0-9a-f]' * KEY_DIGITS}")) if path.is_dir())
