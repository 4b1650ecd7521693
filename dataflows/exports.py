"""The exports of a run: surveyed, told apart, and matched with the ledgers that are there."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from connectors.avion import survey
from connectors.errors import RefusedError
from connectors.ledger import Manifest, read_checkpoint, read_manifest
from connectors.records import KEY_DIGITS, Export
from connectors.sheet import is_sheet
from dataflows.identity import refuse_other, refuse_repacked, surveyed
from dataflows.sent_before import refuse_sent_before
from dataflows.settings import Settings
from dataflows.sheets import refuse_elsewhere, refuse_twice

_NAME_BYTES = 200
"""Of what an export may be called: ledgers and sheets add to it, and a file system takes 255."""


def open_exports(
    settings: Settings, progress: Callable[[Path, int], None] = lambda _path, _bytes: None
) -> list[Export]:
    """Survey the exports of the settings.

    Args:
        settings: Which exports, and how long a record may be.
        progress: Called with the path and the bytes read so far.

    Raises:
        RefusedError: There is none, one cannot be used, or two are the same.
    """
    if not settings.exports:
        raise RefusedError("no export; name at least one file, or set AVSTAR_EXPORTS")
    exports = [_survey(settings, path, progress) for path in settings.exports]
    _refuse_twins(exports)
    known = {export.checksum for export in exports}
    for export in exports:
        _refuse_renamed(settings.out_folder, export)
        _refuse_check_over_upload(settings, export)
        if not settings.validate_only:
            if sealed := sealed_manifest(settings, export):
                _refuse_settled_otherwise(settings, sealed)
            else:
                _refuse_begun_otherwise(settings, export, known, progress)
                refuse_repacked(settings.out_folder, export)
    if not settings.validate_only:
        sheets = [one for one in unsealed(settings, exports) if is_sheet(one.columns)]
        if sheets:
            refuse_elsewhere(settings.out_folder, sheets, settings.delivery())
        refuse_twice(settings.out_folder, sheets, settings.line_limit)
    return exports


def _survey(settings: Settings, path: Path, progress: Callable[[Path, int], None]) -> Export:
    if not path.name.isprintable():  # what is no UTF-8 is not, either
        raise RefusedError(f"{str(path)!r} has a name that cannot be written down; rename it")
    if len(path.name.encode()) > _NAME_BYTES:
        raise RefusedError(f"{path} has a name of over {_NAME_BYTES} bytes; give it a shorter one")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise RefusedError(
            f"{path} is a pipe or a device; an export is read twice, so it is a file"
        )
    try:
        return survey(
            path,
            line_limit=settings.line_limit,
            progress=lambda done: progress(path, done),
            known=list(surveyed(settings.out, path.name)) if settings.out else (),
        )
    except RefusedError:
        if not (settings.validate_only or settings.follow):
            refuse_other(settings.out_folder, path)  # what became of it says more
        raise


def _refuse_begun_otherwise(
    settings: Settings,
    export: Export,
    known: Collection[str],
    progress: Callable[[Path, int], None],
) -> None:
    if settings.follow and not is_sheet(export.columns):
        refuse_sent_before(settings, export, partial(progress, export.path, export.size))
    else:
        refuse_other(settings.out_folder, export.path, known)


def unsealed(settings: Settings, exports: Sequence[Export]) -> list[Export]:
    """Return the exports that are still to do: those whose ledger is not sealed by this mode."""
    return [export for export in exports if not sealed_manifest(settings, export)]


def sealed_manifest(settings: Settings, export: Export) -> Manifest | None:
    """Return the manifest of an export that is done; checking alone does not count as upload."""
    manifest = read_manifest(settings.out_folder / export.key)
    if manifest is None or (manifest.mode == "validate-only" and not settings.validate_only):
        return None
    return manifest


def _refuse_settled_otherwise(settings: Settings, sealed: Manifest) -> None:
    """What was sent elsewhere, or in part, is not settled for whoever asks for more than that."""
    folder = settings.out_folder / sealed.ledger
    delivery = settings.delivery()
    if not delivery.is_at(sealed.api_url):
        raise RefusedError(
            f"{folder} is the sealed ledger of an upload to {sealed.api_url}, and this is "
            f"{delivery.api_url}; give another --out to upload it there as well"
        )
    stations = None if settings.stations is None else sorted(settings.stations)
    if sealed.stations != stations:
        kept = "all stations" if sealed.stations is None else ",".join(sealed.stations)
        raise RefusedError(
            f"{folder} is the sealed ledger of {kept}; give another --out to upload others: what "
            "Avstar has already is then counted as duplicate"
        )


def _refuse_renamed(out: Path, export: Export) -> None:
    """The request IDs of a copy are those of the original, so it has nothing to add to it."""
    if not export.records:  # two stations may have nothing to say in the same words
        return
    for folder in out.glob(f"*.{export.checksum[:KEY_DIGITS]}"):
        found = read_checkpoint(folder)
        if folder.name != export.key and found and found.mode == "upload":
            raise RefusedError(
                f"{export.path} holds what {found.export} held, whose ledger is {folder}; "
                "give it that name again to go on, or another --out"
            )


def _refuse_check_over_upload(settings: Settings, export: Export) -> None:
    """A check writes its own ledger, which must not take the place of an upload's."""
    folder = settings.out_folder / export.key
    found = read_checkpoint(folder)
    if settings.validate_only and found and found.mode == "upload" and not read_manifest(folder):
        raise RefusedError(
            f"{folder} is the ledger of an upload that is not finished; finish it, or check "
            f"{export.path} with another --out"
        )


def _refuse_twins(exports: Sequence[Export]) -> None:
    by_checksum = defaultdict(list)
    for export in exports:
        by_checksum[export.checksum].append(str(export.path))
    for paths in by_checksum.values():
        if len(paths) > 1:
            raise RefusedError(f"{' and '.join(paths)} hold the same; name one of them")
