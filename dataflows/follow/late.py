"""Manifests of exports that were archived before they came."""

import json
import logging
import re
from contextlib import suppress
from pathlib import Path

from connectors.ledger.files import write_whole
from connectors.records import KEY_DIGITS
from dataflows.follow.names import MANIFEST
from dataflows.sent_before import ARCHIVED

log = logging.getLogger(__name__)

_SHA256 = re.compile("[0-9a-f]{64}")
_MOST_BYTES = 1 << 16
"""Of a manifest that is looked at; one holds a digest and a count."""


def put_late(landing: Path, archive: Path) -> None:
    """Put manifests that have no export in the landing folder beside theirs in the archive.

    Which that is, their checksum says. Otherwise they would go with the next of the same name.
    """
    for manifest in sorted(landing.glob(f"*{MANIFEST}")):
        if not (landing / manifest.name.removesuffix(MANIFEST)).exists():
            put_to_its_own(manifest, archive)


def put_to_its_own(manifest: Path, archive: Path) -> bool:
    """Put a manifest beside the archived export that it is of, and tell whether there is one."""
    name = manifest.name.removesuffix(MANIFEST)
    place = archive / f"{name}.{_checksum(manifest)[:KEY_DIGITS]}" / ARCHIVED
    if not (place / name).is_file():
        return False
    try:
        content, kept = manifest.read_bytes(), place / manifest.name
        if kept.exists() and kept.read_bytes() != content:
            return False
        write_whole(kept, content)  # it may be another disk
        manifest.unlink()
    except OSError as error:
        log.warning("late manifest left", extra={"manifest": str(manifest), "error": str(error)})
        return False
    log.info("late manifest", extra={"manifest": manifest.name, "to": str(place)})
    return True


def _checksum(manifest: Path) -> str:
    """Return what a manifest says; what is none says nothing."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with manifest.open("rb") as file:
            told = str(json.loads(file.read(_MOST_BYTES))["sha256"]).lower()
        if _SHA256.fullmatch(told):
            return told
    return "none"
