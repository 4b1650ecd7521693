"""Cut blocks of bytes into the elements of a JSON array, wherever the blocks happen to end."""

from collections.abc import Iterator

from connectors.avion.cutter import HEAD, LINE_LIMIT
from connectors.avion.formats import RecordFormat
from connectors.avion.formats.json_array import JSON_SPACE, Nesting
from connectors.avion.lines import Lines


class ArrayCutter:
    """Turns consecutive blocks into `Lines`; the same records whatever the blocks' sizes.

    Begins behind the array's first bracket, or behind the comma after any element. An element of
    more than `limit` bytes is passed over without being held.
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
        self._carry = b""
        self._long: _Long | None = None
        self._ended = False
        self._surplus = False

    @property
    def whole(self) -> bool:
        """Whether the array has ended, and nothing stands behind it."""
        return self._ended and not self._surplus

    def feed(self, block: bytes) -> Iterator[Lines]:
        """Yield the records that are complete with this block."""
        if self._long:
            end = self._long.passes(block)
            if end < 0:
                return
            yield self._give_long(self._long)
            self._end_at(block[end : end + 1])
            block = block[end + 1 :]
        if not self._ended:
            data, self._carry = self._carry + block if self._carry else block, b""
            pieces, block = self._format.cut(data, last=False, limit=self._limit)
            consumed = len(data) - len(block)
            self._end_at(data[consumed - 1 : consumed] if pieces else b"")
            yield from self._within_limit(pieces)
        if self._ended:
            yield from self._behind(block)
        else:
            yield from self._hold(block)

    def close(self) -> Iterator[Lines]:
        """Yield what is left: an element that does not end, or blanks."""
        if self._long:
            yield self._give_long(self._long)
        elif self._carry:
            yield self._lines([self._carry])
        self._carry = b""

    def _end_at(self, mark: bytes) -> None:
        self._ended = mark == b"]"

    def _behind(self, text: bytes) -> Iterator[Lines]:
        self._surplus = self._surplus or bool(text.strip(JSON_SPACE))
        if text:
            yield self._passed(text)

    def _hold(self, rest: bytes) -> Iterator[Lines]:
        if len(rest) > self._limit:
            within = rest.lstrip(JSON_SPACE)
            if len(within) < len(rest):
                yield self._passed(rest[: len(rest) - len(within)])
            rest = within
        if len(rest) > self._limit:
            self._long = _Long(rest[: min(HEAD, self._limit)])
            self._long.passes(rest)
            rest = b""
        self._carry = rest

    def _within_limit(self, pieces: list[bytes]) -> Iterator[Lines]:
        if max(map(len, pieces), default=0) <= self._limit:
            if pieces:
                yield self._lines(pieces)
            return
        for piece in pieces:
            within = piece.lstrip(JSON_SPACE)
            if len(within) <= self._limit:
                yield self._lines([piece])
                continue
            if len(within) < len(piece):
                yield self._passed(piece[: len(piece) - len(within)])
            long = _Long(within[: min(HEAD, self._limit)])
            long.passes(within + b",")
            yield self._give_long(long)

    def _passed(self, text: bytes) -> Lines:
        """Give text in which no record stands."""
        return self._lines([], len(text), left_out=text.count(b"\n"))

    def _give_long(self, long: "_Long") -> Lines:
        self._long = None
        left_out = long.line_ends - long.head.count(b"\n")
        return self._lines([long.head], long.size + 1, left_out=left_out, overlong=True)

    def _lines(
        self,
        pieces: list[bytes],
        size: int | None = None,
        *,
        left_out: int = 0,
        overlong: bool = False,
    ) -> Lines:
        if size is None:
            size = sum(map(len, pieces)) + len(pieces)
        lines = Lines(
            self._format.name,
            self._columns,
            pieces,
            self.offset,
            self.number,
            size,
            overlong,
            left_out,
        )
        self.offset += size
        self.number = lines.next_number
        return lines


class _Long:
    """An element over the limit while it is passed over: its head, and what it came to so far."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.size = 0
        self.line_ends = 0
        self._nesting = Nesting()

    def passes(self, block: bytes) -> int:
        """Go on with the next bytes; return where the element ends in them, -1 if it does not."""
        end = self._nesting.end(block)
        passed = len(block) if end < 0 else end
        self.size += passed
        self.line_ends += block.count(b"\n", 0, passed)
        return end
