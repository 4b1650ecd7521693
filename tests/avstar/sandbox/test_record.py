import pytest
from pydantic import ValidationError

from connectors.avstar.sandbox.record import SpotRecord

SPOT = {
    "spot_id": "SP1",
    "station": "KABC",
    "airtime": "2026-11-24T05:30:00-05:00",
    "duration_sec": 30,
    "advertiser": "Acme",
}


def test_its_row_is_in_the_order_of_its_fields():
    record = SpotRecord.model_validate(SPOT)
    assert dict(zip(SpotRecord.model_fields, record.row(), strict=True)) == SPOT


def test_strings_are_kept_exactly():
    record = SpotRecord.model_validate({**SPOT, "spot_id": "  sp\u00e91\t", "airtime": "x"})
    assert (record.spot_id, record.airtime) == ("  sp\u00e91\t", "x")


def test_a_whole_number_may_be_written_with_a_point():
    assert SpotRecord.model_validate_json('{"spot_id":"a","station":"b","airtime":"c",'
        '"duration_sec":30.0,"advertiser":"d"}').duration_sec == 30  # fmt: skip


@pytest.mark.parametrize("name", list(SPOT))
def test_every_member_is_needed(name):
    with pytest.raises(ValidationError, match="Field required"):
        SpotRecord.model_validate({key: value for key, value in SPOT.items() if key != name})


@pytest.mark.parametrize("name", ["spot_id", "station", "airtime", "advertiser"])
@pytest.mark.parametrize("value", ["", None, 5, ["KABC"]])
def test_text_must_be_text_and_not_empty(name, value):
    with pytest.raises(ValidationError):
        SpotRecord.model_validate({**SPOT, name: value})


@pytest.mark.parametrize("value", [0, -30, 30.5, "30", True, None, 2**31, 1e300])
def test_a_duration_must_be_a_positive_whole_number(value):
    with pytest.raises(ValidationError):
        SpotRecord.model_validate({**SPOT, "duration_sec": value})


def test_members_that_the_api_does_not_know_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        SpotRecord.model_validate({**SPOT, "note": "first break"})
