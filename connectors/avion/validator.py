"""Divide a batch of lines into spots and dead letters."""

import logging
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.avion.formats import FORMATS, Malformed
from connectors.avion.lines import Lines
from connectors.avion.schema import Checked, Schema
from connectors.avion.spots import Spots
from connectors.records import Batch, DeadLetter, Format, Line, Span, Spot, Tally
from connectors.trail import trace_of_record

log = logging.getLogger(__name__)


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
        values, checked = self._check(lines)
        skipped = self._skipped(checked)
        spots = Spots(batch.span.checksum, lines, checked.rows, frozenset(checked.bad) | skipped)
        dead_letters = self._dead_letters(lines, checked.bad)
        for letter in dead_letters:
            _log_rejection(batch.span, letter)
        return Validated(
            Batch(batch.span, spots),
            Batch(batch.span, dead_letters),
            Tally(batch.span, len(values), len(spots), len(skipped)),
        )

    def _new_schema(self, record_format: Format) -> Schema:
        return Schema(record_format, self._zone)

    def _check(self, lines: Lines) -> tuple[Sequence[Any], Checked]:
        raws = lines.raws
        if lines.overlong:
            return raws, Checked(list(raws), dict.fromkeys(range(len(raws)), ""))
        values = FORMATS[lines.format].decode(raws, lines.columns)
        return values, self._schema(lines.format).check(values)

    def _skipped(self, checked: Checked) -> frozenset[int]:
        if self._stations is None:
            return frozenset()
        good = set(range(len(checked.rows))).difference(checked.bad)
        return frozenset(i for i in good if checked.rows[i]["station"] not in self._stations)

    def _dead_letters(self, lines: Lines, bad: dict[int, str]) -> list[DeadLetter]:
        picked = zip(bad.values(), lines.pick(bad), strict=True)
        return [self._dead_letter(lines, line, words) for words, line in picked]

    def _dead_letter(self, lines: Lines, line: Line, words: str) -> DeadLetter:
        reason, detail = self._why(lines, line, words)
        return DeadLetter(
            line.number,
            line.offset,
            reason,
            detail,
            None,
            False,
            None,
            0,
            line.raw,
        )

    def _why(self, lines: Lines, line: Line, words: str) -> Malformed:
        if lines.overlong:
            return Malformed(
                "line_too_long", f"{line.length} bytes; only the first {len(line.raw)} are kept"
            )
        malformed = FORMATS[lines.format].malformed(line.raw, lines.columns)
        return malformed or Malformed("schema", words)


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
