"""One reading lane: its split of each export, one export after another."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from connectors.avion.blocks import Blocks
from connectors.avion.cutters import new_cutter
from connectors.avion.formats import FORMATS
from connectors.avion.lines import Lines
from connectors.avion.waypoints import take
from connectors.errors import HaltedError
from connectors.records import Batch, Export, Line, Span

log = logging.getLogger(__name__)

_FILL_BYTES = 4 << 20
"""No more blocks are read for a batch that holds so many bytes."""


class Position(NamedTuple):
    """Byte offset and 1-based physical line of the next record; `done` at the split's end."""

    offset: int
    line: int
    done: bool


class Lane:
    """Reads split `index` of each export, batch by batch, from where it stood.

    `positions` holds where it stands, by checksum, and by name as well where there is no record. An
    export that is no longer asked for is kept there while unfinished, so that asking for it again
    goes on. `confirm` raises for an export that changed since it was surveyed: it is asked behind
    every batch, before that leaves.
    """

    def __init__(
        self,
        index: int,
        exports: Sequence[Export],
        positions: dict[str, Position],
        *,
        line_limit: int,
        confirm: Callable[[Export], None] = lambda _export: None,
    ) -> None:
        self._index = index
        self._line_limit = line_limit
        self._confirm = confirm
        wanted = set(map(_name_of, exports))
        self.positions = {
            checksum: position
            for checksum, position in positions.items()
            if checksum in wanted or not position.done
        }
        self._exports = exports
        self._todo = deque(i for i, export in enumerate(exports) if self._is_unfinished(export))
        self._reading: _Reading | None = None

    @property
    def export(self) -> int | None:
        """Index of the export that is read now or next; None when all is read."""
        return self._todo[0] if self._todo else None

    def read(self, count: int) -> Batch[Line] | None:
        """Return the next batch of at most `count` records, None when all is read.

        It has as many as there are, of several blocks if need be, but where records are very long.

        The first lane's first batch of an export comes even if it is empty, so that an export
        without a record has a batch to be accounted with.
        """
        while self._todo:
            export = self._exports[self._todo[0]]
            reading = self._reading = self._reading or self._open(export)
            fresh = self._index == 0 and _name_of(export) not in self.positions
            batch, position = self._take(reading, count)
            self.positions[_name_of(export)] = position
            if position.done:
                self.close()
                self._todo.popleft()
            if batch.records or fresh:
                return batch
        return None

    def close(self) -> None:
        """Close the file that is being read."""
        if self._reading:
            self._reading.blocks.close()
            self._reading = None

    def _take(self, reading: "_Reading", count: int) -> tuple[Batch[Line], Position]:
        try:
            return reading.take(count)
        finally:
            self._confirm(reading.export)

    def _is_unfinished(self, export: Export) -> bool:
        position = self.positions.get(_name_of(export))
        return self._index < len(export.splits) and not (position and position.done)

    def _open(self, export: Export) -> "_Reading":
        position = self.positions.get(_name_of(export))
        _refuse_outside(export, self._index, position)
        reading = _Reading(export, self._index, position, self._line_limit)
        log.info(
            "streaming",
            extra={
                "export": export.key,
                "lane": self._index,
                "offset": position.offset if position else export.splits[self._index].start,
            },
        )
        return reading


def _name_of(export: Export) -> str:
    """Return what a position is kept under: others may hold no record in the same words."""
    return export.checksum if export.records else f"{export.checksum} {export.path.name}"


def _refuse_outside(export: Export, index: int, position: Position | None) -> None:
    """A position elsewhere would leave records out, or begin in the middle of one."""
    split = export.splits[index]
    if position and not split.start <= position.offset <= split.end:
        raise HaltedError(
            f"the snapshot of lane-{index} stands at byte {position.offset:,} of {export.path}, "
            f"outside of what it has to read, {split.start:,} to {split.end:,}: the state folder "
            "is not that of the last run; put that back, or move this one away to go on from the "
            "ledger"
        )


class _Reading:
    """An open export: blocks are cut as they are needed, and records taken off their front."""

    def __init__(
        self, export: Export, index: int, position: Position | None, line_limit: int
    ) -> None:
        split = export.splits[index]
        self.export = export
        self._end = split.end
        self._span = Span(export.key, export.checksum, f"lane-{index}", 0, 0, 0)
        self._cutter = new_cutter(
            FORMATS[export.format],
            columns=export.columns,
            offset=position.offset if position else split.start,
            number=position.line if position else split.line,
            limit=line_limit,
        )
        self.blocks = Blocks(
            export.path,
            self._cutter.offset,
            split.end,
            packing=export.packing,
            unpacker=take(export.checksum, self._cutter.offset),
        )
        self._runs: Iterator[Lines] = self._cut()
        self._next = next(self._runs, None)

    def take(self, count: int) -> tuple[Batch[Line], Position]:
        lines, self._next = self._next, None
        if lines is None:
            lines = Lines(
                self.export.format, self.export.columns, [], self._end, self._cutter.number, 0
            )
        else:
            lines = self._filled(lines, count)
            if len(lines.pieces) > count:
                lines, rest = lines.take(count)
                if self._next is not None:  # what could not be joined comes behind the rest
                    self._runs = chain([self._next], self._runs)
                self._next = rest
        if self._next is None:
            self._next = next(self._runs, None)
        end = min(lines.offset + lines.size, self._end)  # the last record may lack its line end
        span = self._span._replace(start=lines.offset, end=end, line=lines.next_number)
        return Batch(span, lines), Position(end, lines.next_number, self._next is None)

    def _filled(self, lines: Lines, count: int) -> Lines:
        while len(lines) < count and lines.size < _FILL_BYTES:
            self._next = next(self._runs, None)
            joined = None if self._next is None else lines.joined(self._next)
            if joined is None:
                break
            lines, self._next = joined, None
        return lines

    def _cut(self) -> Iterator[Lines]:
        for block in self.blocks:
            yield from self._cutter.feed(block)
        yield from self._cutter.close()
