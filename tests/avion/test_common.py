from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from connectors.avion.common import Common
from connectors.avion.formats import Csv
from connectors.avion.schema import Schema
from connectors.records import COLUMNS
from tests.avion.adversary import cells, judged, records

ZONE = ZoneInfo("UTC")
"""In which each local time exists, once."""


def cell_row(raw):
    return Csv().decode([raw], COLUMNS)[0]


@given(
    raws=st.lists(records(), max_size=4),
    local=st.booleans(),
    name=st.sampled_from(["ndjson", "json"]),
)
def test_json_in_the_common_form_the_model_accepts_with_the_same_fields(raws, local, name):
    rows, others = Common(name, local=local)(raws)
    assert len(rows) == len(raws)
    for i in set(range(len(raws))).difference(others):
        assert asdict(rows[i]) == judged(name, raws[i], local=local)


@given(raws=st.lists(cells(), max_size=4), local=st.booleans())
def test_cells_in_the_common_form_the_model_accepts_with_the_same_fields(raws, local):
    rows, others = Common("csv", local=local)(Csv().decode(raws, COLUMNS))
    assert len(rows) == len(raws)
    for i in set(range(len(raws))).difference(others):
        assert asdict(rows[i]) == judged("csv", cell_row(raws[i]), local=local)


@given(raws=st.lists(records(), max_size=4), local=st.booleans())
def test_in_the_end_the_model_decides_about_every_record(raws, local):
    rows, bad = Schema("ndjson", ZONE if local else None).check(raws)
    found = [None if i in bad else asdict(row) for i, row in enumerate(rows)]
    assert found == [judged("ndjson", raw, local=local) for raw in raws]


@given(raws=st.lists(cells(), max_size=4), local=st.booleans())
def test_in_the_end_the_model_decides_about_every_row_of_cells(raws, local):
    rows, bad = Schema("csv", ZONE if local else None).check(Csv().decode(raws, COLUMNS))
    found = [None if i in bad else asdict(row) for i, row in enumerate(rows)]
    assert found == [judged("csv", cell_row(raw), local=local) for raw in raws]


@pytest.mark.parametrize("name", ["ndjson", "csv"])
@pytest.mark.parametrize("local", [False, True])
def test_what_most_records_look_like_is_in_the_common_form(spot, to_ndjson, to_csv, name, local):
    spots = [spot(number) for number in range(200)]
    if name == "csv":
        values = Csv().decode(to_csv(spots).splitlines()[1:], COLUMNS)
    else:
        values = to_ndjson(spots).splitlines()
    rows, others = Common(name, local=local)(values)
    assert others == []
    assert [row.spot_id for row in rows] == [one["SpotID"] for one in spots]


def test_what_is_in_another_form_is_found_wherever_it_stands(spot, to_ndjson):
    times = ["2026-11-24T05:30-05:00", "2026-11-24T05:30:00Z", "2026-02-30T05:30:00Z"]
    raws = [*to_ndjson([spot(AirDateTime=time) for time in times]).splitlines(), b"no", b"{}"]
    assert Common("ndjson", local=False)(raws)[1] == [0, 2, 3, 4]
