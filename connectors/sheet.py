"""The sheet that goes to the traffic desk and comes back as an export: columns, cells, seal."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from connectors.cells import is_same, restored, written
from connectors.records import COLUMNS, Ancestor, DeadLetter
from connectors.request_id import UNIT_SEPARATOR

LINE, OFFSET = "AvstarLine", "AvstarOffset"
REASON, DETAIL, TO_DO = "AvstarReason", "AvstarDetail", "AvstarToDo"
REQUEST_ID, ORIGIN, EXPORT = "AvstarRequestID", "AvstarOrigin", "AvstarExport"
REDRIVABLE, KIND, ORIGINAL, SEAL = "AvstarRedrivable", "AvstarKind", "AvstarOriginal", "AvstarSeal"

FOR_PEOPLE = (LINE, OFFSET, REASON, DETAIL, TO_DO, REQUEST_ID, ORIGIN, EXPORT, REDRIVABLE)
ADDED = (*FOR_PEOPLE, KIND, ORIGINAL, SEAL)
"""Columns behind those of the export, in their order."""

SEALED = (ORIGIN, LINE, OFFSET, REQUEST_ID, KIND, ORIGINAL, SEAL)
"""Those that a row needs to be known again; a new row has all added columns empty."""

CONFLICTING = frozenset({"conflicting_duplicate", "unchanged"})
"""Kinds of rows that Avstar has another row of, the second when it came back as it was."""

_SEAL_DIGITS = 16

Original = Sequence[str | None]
"""What the fields of `COLUMNS` held, as text; None for one that was missing."""


class Past(NamedTuple):
    """What a row of a sheet was when it went out.

    `kind` is the reason of its dead letter, `original` what stands in its cell of that name: the
    five fields as a JSON array, or the text of what was no record.
    """

    ancestor: Ancestor
    kind: str
    original: str

    def cells(self) -> dict[str, str]:
        """Return the cells by which it will be known again."""
        one, digest = self.ancestor, self._digest()
        return {
            ORIGIN: written(one.checksum),
            LINE: written(str(one.line)),
            OFFSET: written(str(one.offset)),
            REQUEST_ID: written(one.request_id or ""),
            KIND: self.kind,
            ORIGINAL: written(self.original),
            SEAL: f"s{digest}",  # a letter first, so that it is never taken for a number
        }

    def fields(self) -> Original | None:
        """Return the five fields as they were; None where there was no record."""
        if self.kind in {"not_json", "not_csv", "encoding", "line_too_long"}:
            return None
        fields: list[str | None] = json.loads(self.original)
        return fields

    def _digest(self) -> str:
        one, shown = self.ancestor, restored(written(self.original))
        parts = (one.checksum, one.line, one.offset, one.request_id or "", self.kind, shown)
        text = UNIT_SEPARATOR.join(map(str, parts)).replace("\r\n", "\n").replace("\r", "\n")
        return sha256(text.encode()).hexdigest()[:_SEAL_DIGITS]


class Folded(NamedTuple):
    """A row of a sheet as it came back: its five fields as text, and what it was.

    `past` is None for a row that the desk added. `left` tells whether the five fields are as they
    were.
    """

    fields: dict[str, str]
    past: Past | None
    left: bool

    @property
    def may_be_sent(self) -> bool:
        """Tell whether it is not what Avstar has another row of: that would seem delivered."""
        return not (self.left and self.past and self.past.kind in CONFLICTING)


def is_sheet(columns: Sequence[str]) -> bool:
    """Tell whether a CSV with this header came from the traffic desk."""
    return SEAL in columns


def past_of(letter: DeadLetter, checksum: str, original: str) -> Past:
    """Say what the row of a dead letter is, in the ledger of the export with this checksum.

    One that was sent under its ancestor's request ID still is the ancestor.
    """
    ancestor = letter.ancestor
    if not ancestor or not ancestor.request_id or ancestor.request_id != letter.request_id:
        ancestor = Ancestor(checksum, letter.line, letter.offset, letter.request_id)
    return Past(ancestor, letter.reason, original)


def read_past(cells: Mapping[str, str]) -> Past | None:
    """Read what a row was, None for a row that the desk added.

    Raises:
        ValueError: The cells are not those that went out.
    """
    found = {name: restored(cells[name]) for name in SEALED}
    if not any(found.values()):
        if any(restored(cells.get(name, "")) for name in FOR_PEOPLE):
            raise ValueError(f"{SEAL} is lost")
        return None
    line, offset = int(found[LINE]), int(found[OFFSET])
    ancestor = Ancestor(found[ORIGIN], line, offset, found[REQUEST_ID] or None)
    past = Past(ancestor, found[KIND], found[ORIGINAL])
    if past.cells()[SEAL] != found[SEAL]:
        raise ValueError(f"{SEAL} does not fit")
    return past


def unfold(cells: Mapping[str, str]) -> Folded:
    """Read a row. A field that was left alone is exactly what it was, whatever its cell shows.

    Raises:
        ValueError: Its cells are not those that went out.
    """
    past = read_past(cells)
    before = past and past.fields()
    if not before:
        return Folded({name: restored(cells[name]) for name in COLUMNS}, past, left=False)
    fields, left = {}, True
    for name, was in zip(COLUMNS, before, strict=True):
        same = is_same(cells[name], was or "")
        fields[name] = was or "" if same else restored(cells[name])
        left &= same
    return Folded(fields, past, left)


def original_of(values: Mapping[str, Any]) -> str:
    """Write the five fields of a record into one cell."""
    fields = [as_text(values[name]) if name in values else None for name in COLUMNS]
    return json.dumps(fields, ensure_ascii=False)


def as_text(value: Any) -> str:
    """Write a value of a record as a cell shows it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
