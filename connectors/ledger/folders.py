"""Which folders in OUT are ledgers; whatever else lies there is nobody's business."""

import re
from collections.abc import Iterator
from pathlib import Path

from connectors.errors import RefusedError
from connectors.ledger.manifest import read_manifest
from connectors.records import KEY_DIGITS

_KEY = re.compile(rf".+\.[0-9a-f]{{{KEY_DIGITS}}}")


def ledger_folders(out: Path) -> Iterator[Path]:
    """Yield the folders that are named as ledgers are, or hold a manifest of ours, sorted."""
    for path in sorted(filter(Path.is_dir, out.glob("*"))):
        if _KEY.fullmatch(path.name) or _has_manifest(path):
            yield path


def _has_manifest(folder: Path) -> bool:
    try:
        return read_manifest(folder) is not None
    except RefusedError:
        return False
