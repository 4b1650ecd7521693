"""Cut blocks of bytes into records, wherever the blocks happen to end."""

from collections.abc import Iterator

from connectors.avion.formats import RecordFormat
from connectors.avion.lines import Lines

LINE_LIMIT = 1 << 20
"""Bytes that a record may have. More is a dead letter and never held in memory as a whole."""

HEAD = 1024
"""Bytes kept of a record over the limit: enough to recognise it."""


class Cutter:
    """Turns consecutive blocks into `Lines`; the same records whatever the blocks' sizes.

    A record ends where the format says, if that is within `limit` bytes. Otherwise the physical
    line counts as the record, so that a quote that never closes costs one row and not the night.
    """

    def __init__(
        self,
        record_format: RecordFormat,
        *,
        columns: tuple[str, ...] = (),
        offset: int = 0,
        number: int = 1,
        limit: int = LINE_LIMIT,
    ) -> None:
        self.offset = offset
        self.number = number
        self._format = record_format
        self._columns = columns
        self._limit = limit
        self._head_size = min(HEAD, limit)
        self._carry = b""
        self._head = b""
        self._skipped = 0

    @property
    def whole(self) -> bool:
        """Whether the text ends where its format does; a line may end with the file."""
        return True

    def feed(self, block: bytes) -> Iterator[Lines]:
        """Yield the records that are complete with this block."""
        yield from self._cut(block, last=False)

    def close(self) -> Iterator[Lines]:
        """Yield what is left: a last record without a line end."""
        if self._carry or self._skipped:
            end = b"" if self._carry.endswith(b"\n") else b"\n"
            yield from self._cut(end, last=True)

    def _cut(self, block: bytes, *, last: bool) -> Iterator[Lines]:
        if self._skipped:
            end = block.find(b"\n")
            if end < 0:
                self._skipped += len(block)
                return
            yield self._lines([self._head], self._skipped + end + 1, overlong=True)
            self._skipped, block = 0, block[end + 1 :]
        data = self._carry + block if self._carry else block
        pieces, self._carry = self._format.cut(data, last=last, limit=self._limit)
        yield from self._within_limit(pieces, len(data) - len(self._carry))
        if len(self._carry) > self._limit:
            self._head, self._skipped = self._carry[: self._head_size], len(self._carry)
            self._carry = b""

    def _within_limit(self, pieces: list[bytes], size: int) -> Iterator[Lines]:
        if size <= self._limit or max(map(len, pieces), default=0) <= self._limit:
            if pieces:
                yield self._lines(pieces, size)
            return
        begin = 0
        for i in [i for i, piece in enumerate(pieces) if len(piece) > self._limit]:
            if i > begin:
                yield self._lines(pieces[begin:i])
            yield self._lines([pieces[i][: self._head_size]], len(pieces[i]) + 1, overlong=True)
            begin = i + 1
        if begin < len(pieces):
            yield self._lines(pieces[begin:])

    def _lines(
        self, pieces: list[bytes], size: int | None = None, *, overlong: bool = False
    ) -> Lines:
        if size is None:
            size = sum(map(len, pieces)) + len(pieces)
        lines = Lines(
            self._format.name, self._columns, pieces, self.offset, self.number, size, overlong
        )
        self.offset += size
        self.number = lines.next_number
        return lines
