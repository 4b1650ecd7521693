"""Sheets before their upload: nothing that they hold may be delivered in two forms."""

from collections.abc import Sequence
from pathlib import Path

from connectors.avion.sheets import Heir, heirs
from connectors.desk.names import is_sheet_name
from connectors.errors import RefusedError
from connectors.ledger.fates import Record, fate, unfinished
from connectors.records import Export


def refuse_twice(out: Path, sheets: Sequence[Export], line_limit: int) -> None:
    """Refuse sheets whose rows come from what was delivered, or corrected, otherwise since.

    Args:
        out: Folder of the ledgers.
        sheets: Sheets that are to be uploaded, checked already.
        line_limit: Bytes a row may have.

    Raises:
        RefusedError: It names the row and the ledger; or another sheet is not finished.
        OSError: A file cannot be read.
    """
    if not sheets:
        return
    refuse_unfinished(out, [sheet.key for sheet in sheets])
    known: dict[Record, tuple[Export, Heir]] = {}
    for sheet in sheets:
        mine: dict[Record, list[Heir]] = {}
        for heir in heirs(sheet, line_limit=line_limit):
            mine.setdefault((heir.ancestor.checksum, heir.ancestor.offset), []).append(heir)
        _refuse_fates(out, sheet, mine)
        for record, found in mine.items():
            other, heir = known.setdefault(record, (sheet, found[0]))
            if other is not sheet and {one.request_id for one in found} != {heir.request_id}:
                _refuse(sheet, found[0], f"is in line {heir.line:,} of {other.path}, otherwise")


def refuse_unfinished(out: Path, known: Sequence[str] = ()) -> None:
    """Refuse to send what came from dead letters while another sheet is half sent.

    Raises:
        RefusedError: A ledger of a sheet is not sealed, and none of those that are `known`.
    """
    for folder, name in unfinished(out):
        if folder.name not in known:
            again = f"`avstar run {name} --out {out}`"
            if is_sheet_name(name):
                again = f"`avstar dlq redrive {out}`"
            raise RefusedError(
                f"the upload of the sheet {name} is not finished ({folder}); finish it first, "
                f"with {again}: what it holds must not be sent in another form; nothing was sent"
            )


def _refuse_fates(out: Path, sheet: Export, mine: dict[Record, list[Heir]]) -> None:
    wanted = {record: {one.request_id for one in found} for record, found in mine.items()}
    if found := fate(out, wanted, {sheet.key}):
        what = "delivered" if found.delivered else "replaced"
        _refuse(sheet, mine[found.record][0], f"was {what} in another form by {found.ledger}")


def _refuse(sheet: Export, heir: Heir, what: str) -> None:
    raise RefusedError(
        f"{sheet.path}, line {heir.line}: the record that it comes from {what}; delete the row "
        "(what is still open is in a new sheet of `avstar dlq csv`); nothing was sent"
    )
