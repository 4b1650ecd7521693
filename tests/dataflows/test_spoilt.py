from typing import get_args

import pytest

from connectors.avion.formats import FORMATS
from connectors.avion.schema import Schema
from connectors.records import COLUMNS
from dataflows.spoilt import FAULTS, RENDER, Form, faults


@pytest.mark.parametrize(
    ("form", "kind"), [(form, kind) for form in get_args(Form) for kind in faults(form)]
)
def test_every_kind_of_bad_row_is_one_bad_record_in_its_format(form: Form, kind: str) -> None:
    fields = {
        "SpotID": "SP1",
        "StationCode": "KABC",
        "AirDateTime": "2026-11-24T05:30:00-05:00",
        "Duration": 30,
        "ClientName": 'Joe "J", Sons',
    }
    columns = COLUMNS if form == "csv" else ()
    schema = Schema(form)
    raws = [RENDER[form](fields)[:-1], FAULTS[kind](fields, RENDER[form])[:-1]]
    assert not any(b"\n" in raw for raw in raws)
    assert schema.check(FORMATS[form].decode(raws, columns)).bad.keys() == {1}


def test_an_array_holds_every_kind_but_the_one_that_would_end_it() -> None:
    assert set(FAULTS) - set(faults("json")) == {"cut off"}
    assert set(faults("ndjson")) == set(faults("csv")) == set(FAULTS)
