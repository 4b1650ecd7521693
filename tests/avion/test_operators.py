from zoneinfo import ZoneInfo

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

from connectors.avion import AvionSource, ValidateOut, survey, validate
from connectors.request_id import request_id


@pytest.fixture
def flow_over(write, spot, to_csv):
    """Run an export of five rows through `validate`; return what came out on each stream."""
    rows = [
        spot(1),
        spot(2, StationCode="KABC"),
        spot(3, Duration="soon"),
        spot(4, AirDateTime="2026-11-24T05:30:00"),
        spot(5, ClientName='A "B"\n'),
    ]
    export = survey(write("a.csv", to_csv(rows)))

    def run(**settings):
        spots, dead_letters, tallies = [], [], []
        flow = Dataflow("test")
        lines = op.input("read", flow, AvionSource(export))
        out = validate("validate", lines, **settings)
        assert isinstance(out, ValidateOut)
        op.output("spots", op.flatten("each_spot", out.spots), TestingSink(spots))
        op.output("dead", op.flatten("each_dead", out.dead_letters), TestingSink(dead_letters))
        op.output("tallies", out.tallies, TestingSink(tallies))
        run_main(flow)
        return export, spots, dead_letters, tallies

    return run


def test_good_and_bad_records_leave_on_streams_of_their_own(flow_over):
    export, spots, dead_letters, tallies = flow_over()
    assert [spot.spot_id for spot in spots] == ["SP000001", "SP000002", "SP000005"]
    assert [(letter.line, letter.reason) for letter in dead_letters] == [
        (4, "schema"),
        (5, "schema"),
    ]
    [tally] = tallies
    assert (tally.records, tally.valid, tally.skipped) == (5, 3, 0)
    assert tally.span.checksum == export.checksum


def test_the_request_ids_are_those_of_the_export(flow_over):
    export, spots, _, _ = flow_over()
    assert [spot.request_id for spot in spots] == [
        request_id(spot.spot_id, spot.airtime, export.checksum, spot.station) for spot in spots
    ]


def test_zone_and_stations_are_settings(flow_over):
    _, spots, dead_letters, tallies = flow_over(zone=ZoneInfo("Europe/Berlin"), stations={"WXYZ"})
    assert [spot.spot_id for spot in spots] == ["SP000001", "SP000004", "SP000005"]
    assert [letter.detail for letter in dead_letters] == [
        "Duration must be a whole number of seconds"
    ]
    assert [(t.records, t.valid, t.skipped) for t in tallies] == [(5, 3, 1)]
