"""CSV as RFC 4180 has it: commas, doubled quotes, and line ends allowed inside quotes."""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from itertools import repeat
from operator import contains
from typing import Literal

from connectors.avion.formats.base import Malformed
from connectors.avion.formats.mangled import refuse_mangled, refuse_part_of_sheet
from connectors.avion.formats.table import Row, Table
from connectors.errors import RefusedError
from connectors.records import COLUMNS
from connectors.sheet import SEALED

csv.field_size_limit(1 << 26)  # the limit of a record is ours, and never more than this

# A quote opens a field only at its beginning, as in Python's `csv`; what stands behind the closing
# quote belongs to the field. `(?!")` keeps a doubled quote from being taken for a closing one.
_FIELD = rb'(?:"[^"]*(?:""[^"]*)*"(?!")[^,\n]*|[^",\n][^,\n]*|)'
_ROW = re.compile(rb"%b(?:,%b)*" % (_FIELD, _FIELD))
_RECORD = re.compile(rb"%b\n" % _ROW.pattern)

_ONCE = (*COLUMNS, *SEALED)
"""Columns that no header names twice."""

_FEW = 64
"""Rows read each alone, if one of them spoils reading all at once."""


class Csv:
    """Comma-separated values with a header that names the columns, in any order."""

    name: Literal["csv"] = "csv"
    suffixes = (".csv",)

    def cut(self, data: bytes, *, last: bool, limit: int) -> tuple[list[bytes], bytes]:
        """Cut at every line end outside quotes; a quote that never closes ends with its line."""
        pieces = data.split(b"\n")
        rest = pieces.pop()
        if _are_lines(data):
            return pieces, rest
        for i, piece in enumerate(pieces):
            if b'"' in piece and not _ROW.fullmatch(piece):  # it goes on in the next line
                del pieces[i:]
                break
        begin = sum(map(len, pieces)) + len(pieces)
        while begin < len(data):
            found = _RECORD.match(data, begin)
            end = found.end() - 1 if found else -1
            if not found and not last and len(data) - begin <= limit:
                break
            if not found or end - begin > limit:
                end = data.find(b"\n", begin)
                if end < 0:
                    break
            pieces.append(data[begin:end])
            begin = end + 1
        return pieces, data[begin:]

    def header(self, record: bytes | None) -> tuple[str, ...]:
        """Read the column names and refuse a header without those that every spot needs."""
        if record is None:
            return ()
        try:
            [names] = csv.reader([record.decode()], strict=True)
        except (UnicodeDecodeError, csv.Error, ValueError) as error:
            raise RefusedError(f"the CSV header cannot be read: {error}") from None
        columns = tuple(name.strip() for name in names)
        if missing := [name for name in COLUMNS if name not in columns]:
            refuse_mangled(record)
            raise RefusedError(
                f"the CSV header lacks {', '.join(missing)} (it has: {', '.join(columns)}); "
                "export the file again with these columns"
            )
        if twice := sorted({name for name in _ONCE if columns.count(name) > 1}):
            raise RefusedError(
                f"the CSV header names {', '.join(twice)} more than once; leave one of each"
            )
        refuse_part_of_sheet(columns)
        return columns

    def decode(self, raws: Sequence[bytes], columns: tuple[str, ...]) -> Table:
        """Read all rows in one pass, or those around one that spoils it each alone."""
        return Table(columns, _decode(raws, len(columns)))

    def malformed(self, raw: bytes, columns: tuple[str, ...]) -> Malformed | None:
        """Find what keeps the row from matching the header."""
        found = _decode_one(raw, len(columns))
        return found if isinstance(found, Malformed) else None


def _are_lines(data: bytes) -> bool:
    """Tell whether every line is a row for certain, from where its quotes stand.

    They open and close in turns; one that opens begins a field, or doubles the one before it, and
    in what it opens no line ends.
    """
    between = data.split(b'"')
    if len(between) == 1:
        return True
    before = filter(None, between[:-1:2])
    return all(map(bytes.endswith, before, repeat((b",", b"\n")))) and not any(
        map(contains, between[1::2], repeat(b"\n"))
    )


def _decode(raws: Sequence[bytes], width: int) -> Sequence[Row | Malformed]:
    rows = _rows(raws)
    if len(rows) == len(raws) and set(map(len, rows)) <= {width}:
        return rows
    if len(raws) > _FEW:
        return [
            row for i in range(0, len(raws), _FEW) for row in _decode(raws[i : i + _FEW], width)
        ]
    return [_decode_one(raw, width) for raw in raws]


def _decode_one(raw: bytes, width: int) -> Row | Malformed:
    row = _row(raw)
    if isinstance(row, Malformed) or len(row) == width:
        return row
    return Malformed("not_csv", f"the row has {len(row)} cells, the header names {width}")


def _rows(raws: Sequence[bytes]) -> list[Row]:
    """Read rows that stand one under another; none if one spoils it for the others."""
    joined = b"\n".join(raws)
    if b"\0" in joined:
        return []
    try:
        text = joined.decode()
        flat = text.removesuffix("\r").replace("\r\n", "\n") if "\r" in text else text
        lines = flat.split("\n")
        if len(lines) != len(raws) or "\r" in flat:
            return list(csv.reader(StringIO(text, newline="\n"), strict=True))
        return _rows_of_lines(lines)
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return []


def _rows_of_lines(lines: list[str]) -> list[Row]:
    """Read rows that end with their lines; of those with quotes one may draw in the next."""
    quoted = csv.reader([line for line in lines if '"' in line], strict=True)
    return [next(quoted) if '"' in line else line.split(",") for line in lines]


def _row(raw: bytes) -> Row | Malformed:
    if b"\0" in raw:
        return Malformed("encoding", f"byte {raw.index(0) + 1} of the row is NUL")
    try:
        [row] = csv.reader([raw.decode()], strict=True)
    except UnicodeDecodeError as error:
        return Malformed("encoding", f"byte {error.start + 1} of the row is not UTF-8")
    except (csv.Error, ValueError) as error:
        return Malformed("not_csv", f"not a CSV row: {error}")
    return row
