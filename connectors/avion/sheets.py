"""Sheets of the traffic desk as exports: checked as a whole before anything of them is sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from connectors.avion.cutter import LINE_LIMIT
from connectors.avion.damage import damage
from connectors.avion.formats import FORMATS, Malformed
from connectors.avion.reader import read_lines
from connectors.avion.strays import Moved, strays
from connectors.errors import RefusedError
from connectors.records import Ancestor, Export, Line
from connectors.sheet import Folded, Past, is_sheet, read_past, unfold

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Unfolded:
    """Rows of a sheet: what the schema checks, and what they were.

    `ancestors` holds, by index, those that come from an earlier export, `left` the ones whose
    fields are as they were, `unresolved` those of them that are not to be sent again so.
    """

    values: list[Any]
    ancestors: dict[int, Ancestor] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    unresolved: set[int] = field(default_factory=set)

    def was_spot(self, i: int) -> bool:
        """Tell whether a row is as it was when it became a spot."""
        ancestor = self.ancestors.get(i)
        return i in self.left and ancestor is not None and ancestor.request_id is not None


def unfold_rows(values: Sequence[Any]) -> Unfolded:
    """Take decoded rows of a sheet apart; one that cannot be read stays what it is.

    Raises:
        RefusedError: A row is not what went out; `check_sheet` says so earlier and better.
    """
    unfolded = Unfolded(list(values))
    for i, cells in enumerate(values):
        if isinstance(cells, Mapping):
            _note(unfolded, i, unfold_row(cells))
    return unfolded


def _note(unfolded: Unfolded, i: int, row: Folded) -> None:
    unfolded.values[i] = row.fields
    if row.past:
        unfolded.ancestors[i] = row.past.ancestor
        if row.left:
            unfolded.left.add(i)
            if not row.may_be_sent:
                unfolded.unresolved.add(i)


def unfold_row(cells: Mapping[str, str]) -> Folded:
    """Read a row.

    Raises:
        RefusedError: It is not what went out.
    """
    try:
        return unfold(cells)
    except ValueError as error:
        raise RefusedError(
            f"a row of the sheet was changed where it must not be: {error}"
        ) from None


def check_sheet(export: Export, *, line_limit: int = LINE_LIMIT) -> Export:
    """Return an export with the ancestors of its records, which a sheet of the desk has.

    Raises:
        RefusedError: A spreadsheet damaged it; the message names the row and how to mend it.
        OSError: It cannot be read.
    """
    if not is_sheet(export.columns):
        return export
    first, damaged = "", 0
    ancestors: set[str] = set()
    with strays() as moving:
        for line, cells in rows_of(export, line_limit):
            past, words = _look(line, cells)
            if past and isinstance(cells, Mapping):
                ancestors.add(past.ancestor.checksum)
                moving.add(line.number, cells, past)
            if words:
                damaged += 1
                first = first or f"line {line.number}: {words}"
        if moved := moving.moved():
            _refuse_moved(export, moved)
    if damaged:
        more = f" ({damaged - 1:,} more rows are damaged)" if damaged > 1 else ""
        raise RefusedError(f"{export.path}, {first}; nothing was sent{more}")
    return replace(export, ancestors=tuple(sorted(ancestors)))


def _refuse_moved(export: Export, moved: Moved) -> None:
    lines = ", ".join(f"{line}" for line in moved.lines)
    more = ", …" if moved.rows > len(moved.lines) else ""
    raise RefusedError(
        f"{export.path}: {moved.rows:,} cells of {moved.column} stand in other rows than before "
        f"(lines {lines}{more}), as if the column had been sorted or moved alone; undo that, and "
        "sort whole rows (what is meant so goes into two sheets, so that no row of one takes what "
        "another gave up); nothing was sent"
    )


def rows_of(
    export: Export, line_limit: int
) -> Iterator[tuple[Line, Mapping[str, str] | Malformed]]:
    """Yield the records of a sheet with their cells, in bounded memory.

    Raises:
        OSError: It cannot be read.
    """
    lines = read_lines(export, line_limit=line_limit)
    while some := list(islice(lines, _AT_ONCE)):
        rows = FORMATS[export.format].decode([line.raw for line in some], export.columns)
        yield from zip(some, rows, strict=True)


def _look(line: Line, cells: Mapping[str, str] | Malformed) -> tuple[Past | None, str | None]:
    if line.length > len(line.raw):
        return None, f"the row has {line.length:,} bytes; raise --line-limit above that"
    if isinstance(cells, Malformed):
        return None, f"{cells.detail}; save the file as 'CSV UTF-8', with commas"
    try:
        past = read_past(cells)
    except ValueError:
        return None, (
            "the Avstar… cells are not those that `avstar dlq csv` wrote; put them back, or empty "
            "all of them if this is a new row"
        )
    return past, damage(cells, past)
