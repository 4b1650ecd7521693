import pickle
from typing import get_args, get_type_hints

import pytest
from annotated_types import Gt, MinLen
from msgspec import Meta
from msgspec.structs import fields

from connectors.avion.row import NO_ROW, Row
from connectors.avion.schema import TrafficRecord

RULES = {name: field for name, field in TrafficRecord.model_fields.items() if name != "moment"}


def test_a_row_has_the_fields_of_the_model_under_the_same_names():
    found = {field.name: field.encode_name for field in fields(Row)}
    assert found == {name: field.alias for name, field in RULES.items()}


@pytest.mark.parametrize("name", RULES)
def test_a_row_is_as_strict_as_the_model(name):
    """But for the air time, which has a pass of its own."""
    kind, *metas = get_args(get_type_hints(Row, include_extras=True)[name]) or [str]
    rules = RULES[name].metadata
    assert kind is RULES[name].annotation
    if MinLen(1) in rules:
        assert metas == [Meta(min_length=1)]
    if Gt(0) in rules:
        assert metas == [Meta(ge=1, le=2**63 - 1)]


def test_no_row_says_nothing():
    assert not any((NO_ROW.spot_id, NO_ROW.airtime, NO_ROW.duration))


def test_a_row_travels_between_processes():
    row = Row("A", "W", "2026-11-24T05:30:00Z", 30, "C")
    assert pickle.loads(pickle.dumps(row)) == row
