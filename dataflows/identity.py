"""Is an export the one that the unfinished ledgers of its name are about?"""

import base64
import glob
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from connectors.avion import Former, difference
from connectors.errors import RefusedError
from connectors.ledger import Identity, read_checkpoint, read_identity, read_manifest
from connectors.records import KEY_DIGITS, Export


def refuse_other(out: Path, path: Path, known: Collection[str] = ()) -> None:
    """Refuse a file that is not what it was when its upload began.

    Its request IDs would be new, so that Avstar could not know the spots that it has already.

    Args:
        out: Folder of the ledgers.
        path: The file; its folder does not matter.
        known: SHA-256 of exports whose ledgers are not asked.

    Raises:
        RefusedError: An upload of that name is not finished, and was begun with another content.
    """
    for folder, begun in _unfinished(out, path.name):
        if begun.checksum not in known:
            _refuse_other(path, folder, begun)


def refuse_repacked(out: Path, export: Export) -> None:
    """Refuse what another ledger's export held, packed otherwise: its request IDs would be new.

    Raises:
        RefusedError: Its text was uploaded from another file, or partly.
    """
    text = export.text_checksum or export.checksum
    for folder in sorted(out.glob(f"*.{'[0-9a-f]' * KEY_DIGITS}")):
        begun = _identity(folder)
        other = begun and begun.checksum != export.checksum
        if begun and other and text == (begun.text_checksum or begun.checksum):
            raise RefusedError(
                f"{export.path} holds what is in {begun.export}, packed otherwise, whose ledger is "
                f"{folder}; give that file to go on, or another --out: the request IDs of this one "
                "are new, so what Avstar has already would be scheduled again"
            )


def _identity(folder: Path) -> Identity | None:
    """Return what the upload of another export was begun with; damaged, it says nothing here."""
    with suppress(RefusedError):
        return read_identity(folder)
    return None


def _refuse_other(path: Path, folder: Path, begun: Identity) -> None:
    checkpoint = read_checkpoint(folder)
    settled = checkpoint.settled if checkpoint else 0
    left = (
        f"its upload is not finished: {settled:,} of {begun.total_records:,} records are settled "
        f"in {folder}"
    )
    former = Former(begun.checksum, begun.bytes, base64.b64decode(begun.milestones))
    try:
        found = difference(path, former)
    except FileNotFoundError:
        raise RefusedError(
            f"{path} is not there, and {left}; put the file with SHA-256 {begun.checksum} back to "
            "go on"
        ) from None
    except OSError:
        return  # the survey says why
    if found:
        raise RefusedError(
            f"{path} {found}, and {left}; put the old file back to go on, or move that folder away "
            "to upload this one as another: its request IDs are new, so what Avstar has of the old "
            "one will be scheduled again"
        )


def _unfinished(out: Path, name: str) -> Iterator[tuple[Path, Identity]]:
    for folder in sorted(out.glob(f"{glob.escape(name)}.{'[0-9a-f]' * KEY_DIGITS}")):
        begun, manifest = read_identity(folder), read_manifest(folder)
        if begun and not (manifest and manifest.mode == "upload"):
            yield folder, begun
