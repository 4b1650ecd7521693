"""Does an export that arrived hold what a ledger of its name has sent already?

The name may be one that comes every night. What a run by itself is held to, that an upload of the
name is finished first, would then keep all later nights out; here the content decides.
"""

from collections.abc import Sequence
from pathlib import Path

from connectors.avion import airings, begins_with, is_beginning_of
from connectors.errors import RefusedError
from connectors.ledger import Identity
from connectors.records import Export
from dataflows.delivered import Heard, airings_of, delivered
from dataflows.identity import begun_ledgers, former, refuse_changed
from dataflows.settings import Settings

ARCHIVED = "export"
"""Folder in a ledger of a landing folder's export for that and what came with it."""

_AT_ONCE = 2_000

_Ledger = tuple[Path, Identity, bool]


def refuse_sent_before(settings: Settings, export: Export, heard: Heard = lambda: None) -> None:
    """Refuse an export of which Avstar has something under the request IDs of another one.

    That is one of the same name that grew, or was cut; and one that airs what a ledger of the name
    delivered. Of one that delivered nothing yet, what it had in flight is not known. An export
    whose own upload has begun was held to those that are sealed before it did.

    Args:
        settings: Where ledgers are, and how a record is read.
        export: What arrived, as surveyed.
        heard: Called now and then while much is read; what it raises ends that.

    Raises:
        RefusedError: It is such a one.
        HaltedError: There is no room to look.
        OSError: It cannot be read.
    """
    found = list(begun_ledgers(settings.out_folder, export.path.name))
    begun = any(one.checksum == export.checksum for _, one, _ in found)
    others = [
        (folder, one, sealed)
        for folder, one, sealed in found
        if one.checksum != export.checksum and one.total_records and not (begun and sealed)
    ]
    for folder, one, sealed in others:
        if part := _part(export, folder, one, heard):
            if not sealed:
                refuse_changed(export.path, folder, one, heard)
            _refuse_part(export, part, folder, one)
        if not sealed and next(airings_of(folder, heard), None) is None:
            refuse_changed(export.path, folder, one, heard)
    if others:
        _refuse_same_airing(settings, export, others, heard)


def _part(export: Export, folder: Path, begun: Identity, heard: Heard) -> str:
    """Say how one holds the other, where one was cut or grew."""
    before = former(begun)
    if begins_with(export, before, heard):
        return "begins with"
    original = folder / ARCHIVED / begun.export
    return "is the beginning of" if is_beginning_of(export, before, original, heard) else ""


def _refuse_part(export: Export, part: str, folder: Path, begun: Identity) -> None:
    raise RefusedError(
        f"{export.path} {part} the {begun.total_records:,} records whose ledger is {folder}, and "
        "has other request IDs: they would be scheduled again; make an export of what is not in "
        f"there, and let the traffic system say when one is whole ({export.path.name}.done)"
    )


def _refuse_same_airing(
    settings: Settings, export: Export, others: Sequence[_Ledger], heard: Heard
) -> None:
    ledgers = {folder: (begun, sealed) for folder, begun, sealed in others}
    rows = airings(export, zone=settings.timezone, line_limit=settings.line_limit)
    with delivered(ledgers, heard) as before:
        for number, (line, airing) in enumerate(rows):
            if number % _AT_ONCE == 0:
                heard()
            if at := before.by(airing):
                begun, sealed = ledgers[at]
                mend = _SEALED if sealed else _UNFINISHED.format(begun.checksum)
                raise RefusedError(
                    f"{export.path}, line {line:,}: spot, station and air time are what {at} "
                    f"delivered under other request IDs; {mend}"
                )


_UNFINISHED = (
    "put the file with SHA-256 {} back to go on with that, or move that folder away to send what "
    "Avstar has of it again"
)

_SEALED = (
    "that is done: leave those out, send what failed by the traffic desk's sheet (avstar dlq csv), "
    "or, to have all of it scheduled again, upload this by a run of its own (avstar run)"
)
