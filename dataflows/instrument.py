"""One metric of a run."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from dataflows.meter import Meter
from dataflows.readings import Values


class Instrument(NamedTuple):
    """A counter or a gauge, read when somebody asks. Labels take few values, and never a spot's.

    The unit is one of UCUM, or says in braces what is counted.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    unit: str
    read: Callable[[Meter], Values | float | None]
    label: str = ""

    def values(self, meter: Meter) -> Values:
        """Return what it shows now; nothing where nobody knows."""
        read = self.read(meter)
        if read is None:
            return {}
        return read if isinstance(read, Mapping) else {"": read}
