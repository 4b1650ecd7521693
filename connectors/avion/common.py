"""The common form of records: what most look like, known in one pass over a batch."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from connectors.avion.airtime import COMMON, COMMON_LOCAL
from connectors.avion.common_cells import cell_rows
from connectors.avion.common_json import json_rows
from connectors.avion.row import Row
from connectors.records import Format


class Common:
    """Knows records in the common form, all of which the model accepts with the same fields.

    What it does not know is not bad for that: the model decides.
    """

    def __init__(self, record_format: Format, *, local: bool) -> None:
        airtime: Any = Annotated[str, Field(pattern=COMMON_LOCAL if local else COMMON)]
        self._are_airtimes = TypeAdapter(list[airtime]).validate_python
        self._is_airtime = TypeAdapter(airtime).validator.isinstance_python
        self._rows = cell_rows if record_format == "csv" else json_rows

    def __call__(self, values: Sequence[Any]) -> tuple[list[Row], list[int]]:
        """Return a row for each record, and the indices of those that are not in this form."""
        rows = self._rows(values)
        airtimes = [row.airtime for row in rows]
        try:
            self._are_airtimes(airtimes)
        except ValidationError:
            return rows, [i for i, good in enumerate(map(self._is_airtime, airtimes)) if not good]
        return rows, []
