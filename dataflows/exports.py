"""The exports of a run: surveyed, told apart, and matched with the ledgers that are there."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.avion import survey
from connectors.errors import RefusedError
from connectors.ledger import Manifest, read_manifest
from connectors.records import Export
from dataflows.settings import Settings


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
    exports = [
        survey(
            path,
            line_limit=settings.line_limit,
            progress=lambda done, path=path: progress(path, done),  # type: ignore[misc]
        )
        for path in settings.exports
    ]
    _refuse_twins(exports)
    return exports


def unsealed(settings: Settings, exports: Sequence[Export]) -> list[Export]:
    """Return the exports that are still to do: those whose ledger is not sealed by this mode."""
    return [export for export in exports if not sealed_manifest(settings, export)]


def sealed_manifest(settings: Settings, export: Export) -> Manifest | None:
    """Return the manifest of an export that is done; checking alone does not count as upload."""
    manifest = read_manifest(settings.out_folder / export.key)
    if manifest is None or (manifest.mode == "validate-only" and not settings.validate_only):
        return None
    return manifest


def _refuse_twins(exports: Sequence[Export]) -> None:
    by_checksum = defaultdict(list)
    for export in exports:
        by_checksum[export.checksum].append(str(export.path))
    for paths in by_checksum.values():
        if len(paths) > 1:
            raise RefusedError(f"{' and '.join(paths)} hold the same; name one of them")
