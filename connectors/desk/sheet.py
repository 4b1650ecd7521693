"""The reconciliation sheet: a CSV of dead letters that spreadsheets open and `avstar run` takes."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from connectors.cells import written
from connectors.desk.words import MEANINGS, TO_DO
from connectors.ledger import Closing, OpenLetter, original
from connectors.records import COLUMNS, Reason
from connectors.sheet import (
    ADDED,
    DETAIL,
    EXPORT,
    REASON,
    REDRIVABLE,
    as_text,
    original_of,
    past_of,
)
from connectors.sheet import TO_DO as TO_DO_COLUMN

BOM = "\N{BYTE ORDER MARK}"
"""By which Excel knows UTF-8."""

MOST_COLUMNS = 100
"""Columns of the export that are carried along; a record may name as many as it likes."""

Chosen = Callable[[OpenLetter], bool]


def write_sheet(path: Path, closing: Closing, chosen: Chosen = lambda _open: True) -> int:
    """Write the open dead letters that are chosen, and return how many. Equal ones, equal bytes.

    The file appears when it is whole. Memory does not grow with the rows.

    Raises:
        OSError: It cannot be written.
        RefusedError: A ledger is damaged.
    """
    columns = _columns(open_ for open_ in closing.open_letters() if chosen(open_))
    draft, rows = path.with_name(f".{path.name}.draft"), 0
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(BOM)
            table = csv.writer(file, lineterminator="\r\n")
            table.writerow((*columns, *ADDED))
            for open_ in filter(chosen, closing.open_letters()):
                cells = _cells(open_, closing)
                table.writerow([cells.get(name, "") for name in (*columns, *ADDED)])
                rows += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _columns(letters: Iterator[OpenLetter]) -> Sequence[str]:
    """Return the columns of the exports as they come, with those that every spot needs."""
    found: dict[str, None] = {}
    for one in letters:
        names: Sequence[str] = one.ledger.manifest.columns
        if not names:
            names = tuple(original(one.letter, one.ledger.manifest) or ())
        found |= dict.fromkeys(name for name in names if name not in ADDED)
        if len(found) > MOST_COLUMNS:
            break
    others = [name for name in found if name not in COLUMNS][: MOST_COLUMNS - len(COLUMNS)]
    if not set(COLUMNS) <= found.keys():
        return (*COLUMNS, *others)
    return [name for name in found if name in COLUMNS or name in others]


def _cells(one: OpenLetter, closing: Closing) -> Mapping[str, str]:
    letter, manifest = one.letter, one.ledger.manifest
    fields = original(letter, manifest)
    reason: Reason = "conflicting_duplicate" if one.contested else letter.reason
    text = letter.raw.decode(errors="replace")
    past = past_of(
        letter._replace(reason=reason),
        manifest.checksum,
        text if fields is None else original_of(fields),
    )
    shown = {name: written(as_text(value)) for name, value in (fields or {}).items()}
    return {
        **shown,
        REASON: MEANINGS[reason],
        DETAIL: written(letter.detail),
        TO_DO_COLUMN: TO_DO[reason],
        EXPORT: written(closing.export_of(past.ancestor.checksum)),
        REDRIVABLE: "yes" if one.redrivable else "no",
        **past.cells(),
    }
