"""Manifests of exports that were archived before they came."""

import logging
from pathlib import Path

from connectors.avion import Told, read_told
from connectors.errors import AvstarError
from connectors.ledger.files import write_whole
from connectors.records import KEY_DIGITS
from dataflows.follow.names import MANIFEST
from dataflows.sent_before import ARCHIVED

log = logging.getLogger(__name__)


def put_late(landing: Path, archive: Path) -> None:
    """Put manifests that have no export in the landing folder beside theirs in the archive.

    Which that is, their checksum says. Otherwise they would go with the next of the same name.
    """
    for manifest in sorted(landing.glob(f"*{MANIFEST}")):
        if not (landing / manifest.name.removesuffix(MANIFEST)).exists():
            put_to_its_own(manifest, archive)


def put_to_its_own(manifest: Path, archive: Path) -> bool:
    """Put a manifest beside the archived export that it is of, and tell whether there is one."""
    if not (told := _told(manifest)):
        return False
    name = manifest.name.removesuffix(MANIFEST)
    place = archive / f"{name}.{told.checksum[:KEY_DIGITS]}" / ARCHIVED
    try:
        if not (place / name).is_file():
            return False
        kept = place / manifest.name
        if kept.exists() and _told(kept) != told:
            return False
        write_whole(kept, told.content)  # it may be another disk
        manifest.unlink()
    except OSError as error:
        log.warning("late manifest left", extra={"manifest": str(manifest), "error": str(error)})
        return False
    log.info("late manifest", extra={"manifest": manifest.name, "to": str(place)})
    return True


def _told(manifest: Path) -> Told | None:
    """Return what a manifest says; what is none says nothing."""
    try:
        return read_told(manifest)
    except AvstarError:
        return None
