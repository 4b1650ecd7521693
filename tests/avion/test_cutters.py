import pytest

from connectors.avion.array_cutter import ArrayCutter
from connectors.avion.cutter import Cutter
from connectors.avion.cutters import new_cutter
from connectors.avion.formats import FORMATS


@pytest.mark.parametrize(
    ("name", "kind"), [("ndjson", Cutter), ("csv", Cutter), ("json", ArrayCutter)]
)
def test_each_format_has_the_cutter_that_knows_where_its_records_end(name, kind):
    cutter = new_cutter(FORMATS[name], offset=7, number=3, limit=100)
    assert type(cutter) is kind
    assert (cutter.offset, cutter.number) == (7, 3)
