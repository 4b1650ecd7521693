"""Records of text cells in the common form."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.avion.formats import Table
from connectors.avion.row import NO_ROW, Row
from connectors.records import COLUMNS

_SECONDS = re.compile("0{0,9}[1-9][0-9]{0,8}")


def cell_rows(values: Sequence[Any]) -> list[Row]:
    """Return a row for each record, `NO_ROW` where it has another form.

    What is checked are columns. Cells taken apart before, as a sheet's are, have no common form.
    """
    if not isinstance(values, Table):
        return [NO_ROW] * len(values)
    ids, stations, airtimes, digits, clients = map(values.column, COLUMNS)
    # Some durations come again and again, as those of spots do.
    known = {text: int(text) for text in set(digits) if _SECONDS.fullmatch(text)}
    durations: list[Any] = [*map(known.get, digits)]
    rows = list(map(Row, ids, stations, airtimes, durations, clients))
    whole = all(map(all, (ids, stations, durations, clients)))
    return rows if whole else list(_without_others(rows))


def _without_others(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        whole = row.spot_id and row.station and row.duration and row.advertiser
        yield row if whole else NO_ROW
