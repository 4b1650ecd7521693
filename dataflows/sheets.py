"""Sheets before their upload: nothing that they hold may be delivered in two forms."""

from collections.abc import Sequence
from pathlib import Path

from connectors.avion.sheet_rows import sheet_rows
from connectors.avstar import AvstarSettings
from connectors.desk.names import is_sheet_name
from connectors.errors import NotYetError, RefusedError
from connectors.ledger.fates import delivered, fate, sent_to, unfinished
from connectors.records import Export
from dataflows.sheet_index import Place, SheetIndex, sheet_index

_MEND = "delete the row (what is still open is in a new sheet of `avstar dlq csv`)"


def refuse_twice(out: Path, sheets: Sequence[Export], line_limit: int) -> None:
    """Refuse sheets of which anything would be scheduled twice.

    That is a row whose record was delivered, or corrected, in another form since; and one that airs
    what was delivered, or is sent, under another request ID. Memory does not grow with the rows.

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
    with sheet_index() as index:
        for number, sheet in enumerate(sheets):
            index.add(number, sheet_rows(sheet, line_limit=line_limit))
            if found := fate(out, index.records(number), {sheet.key}):
                what = "delivered" if found.delivered else "replaced"
                line = index.line_of(number, found.record)
                came = f"the record that it comes from was {what} in another form"
                _refuse(sheet, line, f"{came} by {found.ledger}")
        if pair := index.otherwise():
            words = "the record that it comes from is in line {line:,} of {path}, otherwise"
            _refuse_pair(sheets, pair, words)
        if pair := index.left_and_new():
            words = "the record that it comes from is in line {line:,} of {path}, as it was"
            _refuse_pair(sheets, pair, words)
        if pair := index.same_airing():
            words = "spot, station and air time are those of line {line:,} of {path}"
            _refuse_pair(sheets, pair, words)
        _refuse_delivered(out, sheets, index)


def refuse_elsewhere(out: Path, sheets: Sequence[Export], delivery: AvstarSettings) -> None:
    """Refuse sheets of what was sent to another API.

    That one knows nothing of the request IDs: what the first has would be there twice.

    Raises:
        RefusedError: It names the ledger and both APIs.
    """
    for sheet in sheets:
        for folder, url in sent_to(out, sheet.ancestors):
            if not delivery.is_at(url):
                raise RefusedError(
                    f"{sheet.path} holds what is of {folder}, which was sent to {url}, and this "
                    f"is {delivery.api_url}; give that --api-url again, or another --out"
                )


def refuse_unfinished(out: Path, known: Sequence[str] = ()) -> None:
    """Refuse to send what came from dead letters while another sheet is half sent.

    Raises:
        NotYetError: A ledger of a sheet is not sealed, and none of those that are `known`.
    """
    for folder, name in unfinished(out):
        if folder.name not in known:
            again = f"`avstar run {name} --out {out}`"
            if is_sheet_name(name):
                again = f"`avstar dlq redrive {out}`"
            raise NotYetError(
                f"the upload of the sheet {name} is not finished ({folder}); finish it first, "
                f"with {again}: what it holds must not be sent in another form; nothing was sent"
            )


def _refuse_delivered(out: Path, sheets: Sequence[Export], index: SheetIndex) -> None:
    """Hold what would be sent under new request IDs against what Avstar has of the same night."""
    if not index.has_new:
        return
    ancestors = {checksum for sheet in sheets for checksum in sheet.ancestors}
    for one in delivered(out, ancestors, {sheet.key for sheet in sheets}):
        if place := index.airs(one.airing, one.request_id):
            what = f"spot, station and air time are what {one.ledger} delivered"
            _refuse(sheets[place.sheet], place.line, f"{what} under {one.request_id}")


def _refuse_pair(sheets: Sequence[Export], pair: tuple[Place, Place], words: str) -> None:
    one, other = pair
    what = words.format(line=other.line, path=sheets[other.sheet].path)
    _refuse(sheets[one.sheet], one.line, what)


def _refuse(sheet: Export, line: int, what: str) -> None:
    raise RefusedError(f"{sheet.path}, line {line}: {what}; {_MEND}; nothing was sent")
