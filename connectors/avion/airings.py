"""What the records of an export air, before any of them is sent."""

from collections.abc import Iterator
from itertools import islice
from zoneinfo import ZoneInfo

from connectors.avion.cutter import LINE_LIMIT
from connectors.avion.formats import FORMATS
from connectors.avion.reader import read_lines
from connectors.avion.schema import Schema
from connectors.avion.sheet_rows import Airing
from connectors.records import Export

_AT_ONCE = 2_000
"""Records checked together: few enough for the memory, and enough to be quick."""


def airings(
    export: Export, *, zone: ZoneInfo | None = None, line_limit: int = LINE_LIMIT
) -> Iterator[tuple[int, Airing]]:
    """Yield the line of every record that would become a spot, and what it airs.

    Memory does not grow with the export.

    Args:
        export: As surveyed; no sheet.
        zone: Zone of air times without an offset; None leaves those out.
        line_limit: Bytes that a record may have.

    Raises:
        OSError: The file cannot be read.
    """
    schema, lines = Schema(export.format, zone), read_lines(export, line_limit=line_limit)
    while some := list(islice(lines, _AT_ONCE)):
        whole = [line for line in some if line.length <= len(line.raw)]
        values = FORMATS[export.format].decode([line.raw for line in whole], export.columns)
        checked = schema.check(values)
        for i, (line, row) in enumerate(zip(whole, checked.rows, strict=True)):
            if i not in checked.bad:
                yield line.number, (row.spot_id, row.station, row.airtime)
