"""A second, plain division of an export into records, apart from the reader that is audited."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from connectors.ledger.audit.plain_elements import plain_elements
from connectors.records import Format, Line

_HEAD = 1024
"""Bytes kept of a record over the limit, as in the run."""

_BLOCK = 1 << 16
_SPACE = b" \t\n\r\v\f"
_BLANK = {"ndjson": _SPACE, "csv": _SPACE + b","}
"""What a line is made of that holds no record."""

_BOM = b"\xef\xbb\xbf"


class _Physical(NamedTuple):
    """What stands up to a line feed, or its head; `length` bytes without that, `next` behind it."""

    raw: bytes
    length: int
    next: int


def plain_lines(file: BinaryIO, form: Format, *, limit: int) -> Iterator[Line]:
    """Yield the records of an export, without the header of a CSV; memory is bounded by `limit`.

    Args:
        file: The text of the export, from its beginning.
        form: How it is written.
        limit: Bytes that a record may have; of a longer one only the head comes.
    """
    if form == "json":
        return plain_elements(file, limit=limit, head=_HEAD)
    records = _records(file, form, limit)
    if form == "csv":
        next(records, None)
    return records


def _records(file: BinaryIO, form: Format, limit: int) -> Iterator[Line]:
    offset = len(_BOM) if file.read(len(_BOM)) == _BOM else 0
    file.seek(offset)
    number, read_on, ahead = 1, _physical(file, offset, limit), deque[_Physical]()
    while line := ahead.popleft() if ahead else next(read_on, None):
        parts = [line]
        if form == "csv" and b'"' in line.raw:
            parts += _continuation(line, read_on, ahead, limit)
        raw = b"\n".join(part.raw for part in parts)
        length = sum(part.length for part in parts) + len(parts) - 1
        if raw.strip(_BLANK[form]) or length > limit:
            yield Line(raw, number, offset, length)
        offset, number = parts[-1].next, number + len(parts)


def _physical(file: BinaryIO, offset: int, limit: int) -> Iterator[_Physical]:
    while raw := file.readline(limit + 1):
        length, end = len(raw), raw[-1:]
        while end != b"\n" and (more := file.readline(_BLOCK)):
            length, end = length + len(more), more[-1:]
        offset += length
        content = length - (end == b"\n")
        raw = raw.removesuffix(b"\n") if content <= limit else raw[: min(_HEAD, limit)]
        yield _Physical(raw, content, offset)


def _continuation(
    first: _Physical, read_on: Iterator[_Physical], ahead: deque[_Physical], limit: int
) -> list[_Physical]:
    """Take the lines that a quote left open draws in; none if it never closes within the limit.

    What was looked at in vain goes to `ahead`. It is Python's CSV reader that says where a row
    ends; to it all bytes but quotes, commas and line ends are the same.
    """
    taken, gone = [first], False

    def lines() -> Iterator[str]:
        nonlocal gone
        yield _shape(first)
        size = first.length
        while line := ahead[len(taken) - 1] if len(taken) <= len(ahead) else next(read_on, None):
            if len(taken) > len(ahead):
                ahead.append(line)
            size += 1 + line.length
            if size > limit:
                break
            taken.append(line)
            yield _shape(line)
        gone = True  # asked for more where there is none

    next(csv.reader(lines()), None)
    if gone:
        return []
    for _ in taken[1:]:
        ahead.popleft()
    return taken[1:]


def _shape(line: _Physical) -> str:
    return line.raw.translate(_SHAPES).decode() + "\n"


_SHAPES = bytes(byte if byte in b'",' else ord("x") for byte in range(256))
