"""Divide a batch of lines into spots and dead letters."""

import logging
from collections.abc import Collection
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.avion.formats import FORMATS, Malformed
from connectors.avion.lines import Lines
from connectors.avion.row import NO_ROW
from connectors.avion.schema import Checked, Schema
from connectors.avion.sheets import Unfolded, unfold_rows
from connectors.avion.spots import Spots
from connectors.records import Ancestor, Batch, DeadLetter, Format, Line, Span, Spot, Tally
from connectors.sheet import is_sheet
from connectors.trail import trace_of_record

log = logging.getLogger(__name__)

_UNCHANGED = (
    "it is as it was, and under its request ID Avstar has another row; correct it, or take it out"
)
_AT_ONCE = 1000
"""Records checked in one pass: what is made of them meanwhile fits a core's cache."""

_NO_SHEET = Unfolded([])
_ANY_ZONE = Schema("csv", ZoneInfo("UTC"))


class Validated(NamedTuple):
    """What became of one batch; each record is a spot, a dead letter or skipped."""

    spots: Batch[Spot]
    dead_letters: Batch[DeadLetter]
    tally: Tally


class Validator:
    """Checks batches; a pure function of the batch but for its log lines.

    Args:
        zone: Zone of air times without an offset; None rejects them.
        stations: Station codes to keep; others are counted as skipped. None keeps all.
    """

    def __init__(
        self, zone: ZoneInfo | None = None, stations: Collection[str] | None = None
    ) -> None:
        self._zone = zone
        self._stations = None if stations is None else frozenset(stations)
        self._schema = cache(self._new_schema)

    def __call__(self, batch: Batch[Line]) -> Validated:
        """Divide one batch."""
        lines = batch.records
        if not isinstance(lines, Lines):
            raise TypeError("validate takes the batches of AvionSource as they come")
        sheet, checked = self._check(lines)
        skipped = self._skipped(checked)
        spots = Spots(
            batch.span.checksum,
            lines,
            checked.rows,
            frozenset(checked.bad) | skipped,
            sheet.ancestors,
            sheet.left,
            is_sheet(lines.columns),
        )
        dead_letters = self._dead_letters(lines, checked.bad, sheet)
        for letter in dead_letters:
            _log_rejection(batch.span, letter)
        return Validated(
            Batch(batch.span, spots),
            Batch(batch.span, dead_letters),
            Tally(batch.span, len(checked.rows), len(spots), len(skipped)),
        )

    def _new_schema(self, record_format: Format) -> Schema:
        return Schema(record_format, self._zone)

    def _check(self, lines: Lines) -> tuple[Unfolded, Checked]:
        raws = lines.raws
        if lines.overlong:
            return _NO_SHEET, Checked([NO_ROW] * len(raws), dict.fromkeys(range(len(raws)), ""))
        if not is_sheet(lines.columns):
            return _NO_SHEET, self._check_in_parts(lines)
        sheet = unfold_rows(FORMATS[lines.format].decode(raws, lines.columns))
        checked = self._schema(lines.format).check(sheet.values)
        bad = self._without_spots(sheet, checked)
        bad |= dict.fromkeys(sheet.unresolved, _UNCHANGED)
        return sheet, Checked(checked.rows, dict(sorted(bad.items())))

    def _check_in_parts(self, lines: Lines) -> Checked:
        schema, decode = self._schema(lines.format), FORMATS[lines.format].decode
        whole = Checked([], {})
        for begin in range(0, len(lines), _AT_ONCE):
            checked = schema.check(decode(lines.raws[begin : begin + _AT_ONCE], lines.columns))
            whole.rows.extend(checked.rows)
            whole.bad.update((begin + i, words) for i, words in checked.bad.items())
        return whole

    def _without_spots(self, sheet: Unfolded, checked: Checked) -> dict[int, str]:
        """Let pass what was a spot before: its local time was good in the zone of that run."""
        bad = dict(checked.bad)
        for i in [i for i in bad if sheet.was_spot(i)]:
            again = _ANY_ZONE.check([sheet.values[i]])
            if not again.bad:
                checked.rows[i] = again.rows[0]
                del bad[i]
        return bad

    def _skipped(self, checked: Checked) -> frozenset[int]:
        if self._stations is None:
            return frozenset()
        good = set(range(len(checked.rows))).difference(checked.bad)
        return frozenset(i for i in good if checked.rows[i].station not in self._stations)

    def _dead_letters(self, lines: Lines, bad: dict[int, str], sheet: Unfolded) -> list[DeadLetter]:
        picked = zip(bad.items(), lines.pick(bad), strict=True)
        return [
            _dead_letter(line, self._why(lines, line, words), sheet.ancestors.get(i))
            for (i, words), line in picked
        ]

    def _why(self, lines: Lines, line: Line, words: str) -> Malformed:
        if lines.overlong:
            return Malformed(
                "line_too_long", f"{line.length} bytes; only the first {len(line.raw)} are kept"
            )
        if words is _UNCHANGED:
            return Malformed("unchanged", words)
        malformed = FORMATS[lines.format].malformed(line.raw, lines.columns)
        return malformed or Malformed("schema", words)


def _dead_letter(line: Line, why: Malformed, ancestor: Ancestor | None) -> DeadLetter:
    return DeadLetter(
        line.number,
        line.offset,
        why.reason,
        why.detail,
        None,
        False,
        None,
        0,
        line.raw,
        ancestor,
    )


def _log_rejection(span: Span, letter: DeadLetter) -> None:
    log.info(
        "rejected",
        extra={
            "export": span.export,
            "line": letter.line,
            "offset": letter.offset,
            "reason": letter.reason,
            "detail": letter.detail,
            "trace_id": trace_of_record(span.checksum, letter.offset),
        },
    )
