import re

import pytest

from dataflows.instrument import Instrument
from dataflows.instruments import ANSWERS, INSTRUMENTS
from dataflows.meter import Meter
from tests.dataflows.test_meter import Lane, attempt

UNITS = {"_seconds": "s", "_bytes": "By", "_bytes_read": "By", "_ratio": "1"}


@pytest.mark.parametrize("one", INSTRUMENTS, ids=lambda one: one.name)
def test_a_name_keeps_to_the_conventions(one: Instrument) -> None:
    assert re.fullmatch(r"avstar_[a-z_]+", one.name)
    assert one.name.endswith("_total") == (one.kind == "counter")
    assert one.help
    base = one.name.removesuffix("_total")
    named = next((unit for end, unit in UNITS.items() if base.endswith(end)), None)
    assert named == one.unit or (named is None and re.fullmatch(r"\{[a-z_]+\}", one.unit))


def test_no_name_stands_for_two() -> None:
    names = [one.name for one in INSTRUMENTS]
    assert len({*names, ANSWERS}) == len(names) + 1


def test_no_label_grows_with_the_export() -> None:
    meter = Meter()
    meter.opened(Lane())
    before = {one.name: set(one.values(meter)) for one in INSTRUMENTS}
    for number in range(1, 600):
        meter.requested(attempt(number if number > 99 else None, number), 1)
    after = {one.name: set(one.values(meter)) for one in INSTRUMENTS}
    assert {name for name in after if after[name] != before[name]} <= {"avstar_attempts_total"}
    assert all(len(labels) <= 12 for labels in after.values())


def test_what_nobody_knows_is_absent() -> None:
    values = {one.name: one.values(Meter()) for one in INSTRUMENTS}
    for name in ("needed", "playout", "deadline_margin", "checkpoint_age"):
        assert values[f"avstar_{name}_seconds"] == {}
    assert values["avstar_export_records"] == values["avstar_export_bytes"] == {}
    assert values["avstar_retries_total"] == {"": 0}
