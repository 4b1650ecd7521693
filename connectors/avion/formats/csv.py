"""CSV as RFC 4180 has it: commas, doubled quotes, and line ends allowed inside quotes."""

import csv
import re
from collections.abc import Sequence
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
_RECORD = re.compile(rb"%b(?:,%b)*\n" % (_FIELD, _FIELD))

_ONCE = (*COLUMNS, *SEALED)
"""Columns that no header names twice."""


class Csv:
    """Comma-separated values with a header that names the columns, in any order."""

    name: Literal["csv"] = "csv"
    suffixes = (".csv",)

    def cut(self, data: bytes, *, last: bool, limit: int) -> tuple[list[bytes], bytes]:
        """Cut at every line end outside quotes; a quote that never closes ends with its line."""
        if b'"' not in data:
            pieces = data.split(b"\n")
            return pieces, pieces.pop()
        pieces, begin = [], 0
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
        width = len(columns)
        try:
            rows = list(csv.reader([raw.decode() for raw in raws], strict=True))
        except (UnicodeDecodeError, csv.Error):
            rows = []
        if len(rows) == len(raws) and all(len(row) == width for row in rows) and not _nul(raws):
            return [dict(zip(columns, row, strict=True)) for row in rows]
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


def _nul(raws: Sequence[bytes]) -> bool:
    return any(b"\0" in raw for raw in raws)


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
