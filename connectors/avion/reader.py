"""Every record of an export in the order of the file, without a dataflow."""

from collections.abc import Iterator
from functools import partial

from connectors.avion.cutter import LINE_LIMIT
from connectors.avion.cutters import new_cutter
from connectors.avion.formats import FORMATS
from connectors.avion.unpacker import behind, unpacked
from connectors.records import Export, Line

_BLOCK = 1 << 20


def read_lines(export: Export, *, line_limit: int = LINE_LIMIT) -> Iterator[Line]:
    """Yield an export's records one by one, in bounded memory.

    Raises:
        OSError: The file cannot be read.
        DamagedError: It is packed, and damaged.
    """
    first = export.splits[0]
    cutter = new_cutter(
        FORMATS[export.format],
        columns=export.columns,
        offset=first.start,
        number=first.line,
        limit=line_limit,
    )
    with export.path.open("rb") as file:
        blocks = iter(partial(file.read, _BLOCK), b"")
        for text in behind(unpacked(blocks, export.packing), first.start):
            for lines in cutter.feed(text):
                yield from lines
    for lines in cutter.close():
        yield from lines
