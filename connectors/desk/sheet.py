"""The reconciliation sheet: a CSV of dead letters that spreadsheets open and `avstar run` takes."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from connectors.cells import written
from connectors.desk.words import MEANINGS, TO_DO
from connectors.ledger import Closing, OpenLetter, Sealed, original
from connectors.ledger.original import columns_of
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

MOST_COLUMNS, MOST_CHARACTERS = 100, 100
"""Columns of the export that are carried along, and of their names: the header must stay short
enough to be read back, and a record may name as many as it likes."""

Of = Callable[[Sealed], bool]


def write_sheet(
    path: Path, closing: Closing, of: Of = lambda _ledger: True, *, redrivable: bool = False
) -> int:
    """Write open dead letters to a sheet, and return how many. Equal ones give equal bytes.

    The file appears when it is whole. Memory does not grow with the rows.

    Args:
        path: The sheet.
        closing: The dead letters.
        of: Which ledgers' are meant.
        redrivable: Whether only those that may be sent again as they are.

    Raises:
        OSError: It cannot be written.
        RefusedError: A ledger is damaged.
    """

    def letters() -> Iterator[OpenLetter]:
        return (one for one in closing.open_letters(of) if one.redrivable or not redrivable)

    columns = _columns(letters())
    draft, rows = path.with_name(f".{path.name}.draft"), 0
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(BOM)
            table = csv.writer(file, lineterminator="\r\n")
            table.writerow((*columns, *ADDED))
            names = (*columns.values(), *ADDED)
            for one in letters():
                cells = _cells(one, closing)
                table.writerow([cells.get(name, "") for name in names])
                rows += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _columns(letters: Iterator[OpenLetter]) -> Mapping[str, str]:
    """Return the columns of the exports as they come, with those that every spot needs.

    Each cell of the header is given with the name of its field.
    """
    found: dict[str, None] = {}
    for one in letters:
        columns = one.ledger.manifest.columns
        names: Iterable[str] = columns_of(tuple(columns))
        if not columns:
            names = original(one.letter, one.ledger.manifest) or ()
        found |= dict.fromkeys(name for name in names if name not in ADDED)
        if len(found) > MOST_COLUMNS:
            break
    others = [name for name in found if name not in COLUMNS][: MOST_COLUMNS - len(COLUMNS)]
    if not set(COLUMNS) <= found.keys():
        return _headed((*COLUMNS, *others))
    return _headed([name for name in found if name in COLUMNS or name in others])


def _headed(names: Sequence[str]) -> Mapping[str, str]:
    """Write names as cells of a header, which no two share: blanks around them come back lost."""
    taken, headed = {*COLUMNS, *ADDED}, {}
    for name in names:
        cell = name
        if name not in COLUMNS:
            plain = "".join(char if char.isprintable() else " " for char in name).strip()
            cell, number = plain[:MOST_CHARACTERS], 1
            while cell in taken:
                number += 1
                cell = f"{plain[:MOST_CHARACTERS]} ({number})"
            taken.add(cell)
        headed[written(cell)] = name
    return headed


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
