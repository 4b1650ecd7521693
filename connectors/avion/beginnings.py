"""Does one export begin with another, without reading more of them than must be?"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from connectors.avion.difference import Former
from connectors.avion.milestones import DIGITS, step_of
from connectors.records import Export

_BLOCK = 1 << 20

Heard = Callable[[], object]
"""Called for every block that is read; what it raises ends that."""


def begins_with(export: Export, former: Former, heard: Heard = lambda: None) -> bool:
    """Tell whether an export is a former one, and more behind it.

    Raises:
        OSError: It cannot be read; it is only where the milestones are equal.
    """
    if not 0 < former.size < export.size:
        return False
    ours, theirs = _aligned(export, former)
    return (
        ours.startswith(theirs) and _beginning(export.path, former.size, heard) == former.checksum
    )


def is_beginning_of(
    export: Export, former: Former, original: Path, heard: Heard = lambda: None
) -> bool:
    """Tell whether an export is a former one that was cut.

    Args:
        export: As surveyed.
        former: What is known of the other.
        original: Where that may be. An export too short for a milestone is held to it.
        heard: Called for every block that is read.

    Raises:
        OSError: It is there, and cannot be read.
    """
    if not 0 < export.size < former.size:
        return False
    ours, theirs = _aligned(export, former)
    if ours:
        return theirs.startswith(ours)
    return original.is_file() and _beginning(original, export.size, heard) == export.checksum


def _aligned(export: Export, former: Former) -> tuple[bytes, bytes]:
    """Return the milestones of both at the places that both have."""
    steps = step_of(export.size), step_of(former.size)
    ours = _every(export.milestones, max(steps) // steps[0])
    return ours, _every(former.milestones, max(steps) // steps[1])


def _every(milestones: bytes, count: int) -> bytes:
    pieces = (milestones[i : i + DIGITS] for i in range(0, len(milestones), DIGITS))
    return b"".join(piece for i, piece in enumerate(pieces, 1) if i % count == 0)


def _beginning(path: Path, size: int, heard: Heard) -> str:
    """Return the SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (block := file.read(min(_BLOCK, size))):
            heard()
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()
