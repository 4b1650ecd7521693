"""CSV as RFC 4180 has it: commas, doubled quotes, and line ends allowed inside quotes."""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from itertools import repeat
from typing import Any, Literal

from connectors.avion.formats.base import Malformed
from connectors.avion.formats.mangled import refuse_mangled, refuse_part_of_sheet
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


class Csv:
    """Comma-separated values with a header that names the columns, in any order."""

    name: Literal["csv"] = "csv"
    suffixes = (".csv",)

    def cut(self, data: bytes, *, last: bool, limit: int) -> tuple[list[bytes], bytes]:
        """Cut at every line end outside quotes; a quote that never closes ends with its line."""
        pieces = data.split(b"\n")
        rest = pieces.pop()
        if b'"' not in data:
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

    def decode(self, raws: Sequence[bytes], columns: tuple[str, ...]) -> list[Any]:
        """Read all rows in one pass; one row that spoils it is found by reading each alone."""
        rows = _rows(b"\n".join(raws))
        if len(rows) == len(raws) and set(map(len, rows)) <= {len(columns)}:
            return list(map(dict, map(zip, repeat(columns), rows)))
        return [self._decode_one(raw, columns) for raw in raws]

    def _decode_one(self, raw: bytes, columns: tuple[str, ...]) -> dict[str, str] | Malformed:
        row = _row(raw)
        if isinstance(row, Malformed):
            return row
        if len(row) != len(columns):
            return Malformed(
                "not_csv", f"the row has {len(row)} cells, the header names {len(columns)}"
            )
        return dict(zip(columns, row, strict=True))

    def malformed(self, raw: bytes, columns: tuple[str, ...]) -> Malformed | None:
        """Find what keeps the row from matching the header."""
        found = self._decode_one(raw, columns)
        return found if isinstance(found, Malformed) else None


def _rows(text: bytes) -> list[list[str]]:
    """Read rows that stand one under another; fewer than there are if one draws another in."""
    if b"\0" in text:
        return []
    try:
        return list(csv.reader(StringIO(text.decode(), newline="\n"), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return []


def _row(raw: bytes) -> list[str] | Malformed:
    if b"\0" in raw:
        return Malformed("encoding", f"byte {raw.index(0) + 1} of the row is NUL")
    try:
        [row] = csv.reader([raw.decode()], strict=True)
    except UnicodeDecodeError as error:
        return Malformed("encoding", f"byte {error.start + 1} of the row is not UTF-8")
    except (csv.Error, ValueError) as error:
        return Malformed("not_csv", f"not a CSV row: {error}")
    return row
