import time
from pathlib import Path

from connectors.records import Export
from dataflows import readings
from dataflows.forecast import Forecast
from dataflows.meter import Meter
from tests.dataflows.test_meter import Lane

EXPORT = Export(Path("day.ndjson"), "ndjson", "ab" * 32, 1000, 10, ())


def still(deadline: float | None) -> Meter:
    """Give the meter of a run that has stood still for a minute."""
    meter = Meter()
    meter.forecast = Forecast(10, deadline)
    meter.forecast.look(1, time.monotonic() - 60)
    meter.forecast.look(1, time.monotonic())
    return meter


def test_a_run_that_stands_still_is_late_by_a_week_and_needs_nobody_knows_what() -> None:
    meter = still(time.time() + 3600)
    assert readings.needed(meter) is None
    assert readings.margin(meter) == -7 * 86_400
    assert 3590 < (readings.playout(meter) or 0) <= 3600


def test_without_a_deadline_there_is_no_margin() -> None:
    assert readings.margin(still(None)) is None
    assert readings.playout(still(None)) is None


def test_the_lanes_are_counted_by_state_and_added_up() -> None:
    meter = Meter()
    meter.opened(Lane())
    meter.opened(Lane())
    assert readings.breaker(meter) == {"closed": 2, "open": 0, "half_open": 0, "probing": 0}
    assert readings.total(lambda lane: lane.requests_in_flight)(meter) == 6
    assert readings.total(lambda lane: lane.openings)(meter) == 4


def test_a_checkpoint_grows_old(tmp_path: Path) -> None:
    meter = Meter()
    (tmp_path / ".checkpoint").touch()
    meter.expect([EXPORT], 0, [tmp_path / ".checkpoint"], validating=False)
    assert 0 <= (readings.age(meter) or -1) < 60
