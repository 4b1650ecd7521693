"""The cutter that an export needs: lines are cut otherwise than the elements of an array."""

from connectors.avion.array_cutter import ArrayCutter
from connectors.avion.cutter import LINE_LIMIT, Cutter
from connectors.avion.formats import RecordFormat


def new_cutter(
    record_format: RecordFormat,
    *,
    columns: tuple[str, ...] = (),
    offset: int = 0,
    number: int = 1,
    limit: int = LINE_LIMIT,
) -> Cutter | ArrayCutter:
    """Make a cutter that begins at a record, `offset` bytes and `number` lines into the text."""
    kind = ArrayCutter if record_format.name == "json" else Cutter
    return kind(record_format, columns=columns, offset=offset, number=number, limit=limit)
