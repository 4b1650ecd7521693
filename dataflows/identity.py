"""Is an export the one that the ledgers of its name, or of its text, are about?"""

import base64
import glob
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from connectors.avion import Former, difference
from connectors.errors import RefusedError
from connectors.ledger import Identity, Manifest, read_checkpoint, read_identity, read_manifest
from connectors.records import KEY_DIGITS, Export
from connectors.surveyed import Surveyed


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
    for folder, begun in unfinished(out, path.name):
        if begun.checksum not in known:
            refuse_changed(path, folder, begun)


def refuse_repacked(out: Path, export: Export) -> None:
    """Refuse what another ledger's export held, packed otherwise: its request IDs would be new.

    Raises:
        RefusedError: Its text was uploaded from another file, or partly; or whether it was is what
            a damaged `.export` would say.
    """
    text = export.text_checksum or export.checksum
    for folder in sorted(out.glob(f"*.{'[0-9a-f]' * KEY_DIGITS}")):
        begun = _identity(folder, export)
        other = begun and begun.checksum != export.checksum
        if begun and other and text == (begun.text_checksum or begun.checksum):
            raise RefusedError(
                f"{export.path} holds what is in {begun.export}, packed otherwise, whose ledger is "
                f"{folder}; give that file to go on, or another --out: the request IDs of this one "
                "are new, so what Avstar has already would be scheduled again"
            )


def _identity(folder: Path, export: Export) -> Identity | None:
    """Return what an upload was begun with; damaged, it is no matter where others say enough."""
    try:
        return read_identity(folder)
    except RefusedError as error:
        if _holds_other(folder, export):
            return None
        raise RefusedError(
            f"whether {export.path} holds what {folder.name} does, packed otherwise, cannot be "
            f"told: {error}; nothing was sent"
        ) from None


def _holds_other(folder: Path, export: Export) -> bool:
    """Tell whether manifest or checkpoint say that a ledger is of another text."""
    said = read_manifest(folder) or read_checkpoint(folder)
    if said is None:
        return False
    both_plain = isinstance(said, Manifest) and said.packing == export.packing == "none"
    return said.total_records != export.records or (both_plain and said.checksum != export.checksum)


def refuse_changed(
    path: Path, folder: Path, begun: Identity, heard: Callable[[], object] = lambda: None
) -> None:
    """Refuse a file that is not what the unfinished upload in a folder began with.

    `heard` is called for every block that is read; what it raises ends that.

    Raises:
        RefusedError: It is not, or not there.
    """
    checkpoint = read_checkpoint(folder)
    settled = checkpoint.settled if checkpoint else 0
    left = (
        f"its upload is not finished: {settled:,} of {begun.total_records:,} records are settled "
        f"in {folder}"
    )
    try:
        found = difference(path, former(begun), heard)
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


def surveyed(out: Path, name: str) -> Iterator[Surveyed]:
    """Yield what was found in exports of that name when their uploads began.

    What is damaged says nothing here: who goes on with that ledger refuses it.
    """
    for folder in _folders(out, name):
        with suppress(RefusedError):
            if begun := read_identity(folder):
                yield begun.surveyed


def former(begun: Identity) -> Former:
    """Return what is known of the content that an upload began with."""
    return Former(begun.checksum, begun.bytes, base64.b64decode(begun.milestones))


def unfinished(out: Path, name: str) -> Iterator[tuple[Path, Identity]]:
    """Yield the ledgers of that name whose upload began and was not sealed."""
    for folder, begun, sealed in begun_ledgers(out, name):
        if not sealed:
            yield folder, begun


def begun_ledgers(out: Path, name: str) -> Iterator[tuple[Path, Identity, bool]]:
    """Yield the ledgers of that name whose upload began, each with whether it was sealed."""
    for folder in _folders(out, name):
        begun, manifest = read_identity(folder), read_manifest(folder)
        if begun:
            yield folder, begun, bool(manifest and manifest.mode == "upload")


def _folders(out: Path, name: str) -> list[Path]:
    return sorted(out.glob(f"{glob.escape(name)}.{'[0-9a-f]' * KEY_DIGITS}"))
