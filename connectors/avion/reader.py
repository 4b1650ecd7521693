"""Every record of an export in the order of the file, without a dataflow."""

from collections.abc import Iterator

from connectors.avion.cutter import LINE_LIMIT, Cutter
from connectors.avion.formats import FORMATS
from connectors.records import Export, Line

_BLOCK = 1 << 20


def read_lines(export: Export, *, line_limit: int = LINE_LIMIT) -> Iterator[Line]:
    """Yield an export's records one by one, in bounded memory.

    Raises:
        OSError: The file cannot be read.
    """
    first = export.splits[0]
    cutter = Cutter(
        FORMATS[export.format],
        columns=export.columns,
        offset=first.start,
        number=first.line,
        limit=line_limit,
    )
    with export.path.open("rb") as file:
        file.seek(first.start)
        while block := file.read(_BLOCK):
            for lines in cutter.feed(block):
                yield from lines
    for lines in cutter.close():
        yield from lines
