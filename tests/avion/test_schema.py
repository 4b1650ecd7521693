import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict
from pydantic import ValidationError

from connectors.avion.schema import LocalTrafficRecord, Schema, TrafficRecord
from connectors.records import COLUMNS

NEW_YORK = ZoneInfo("America/New_York")

NO_DATE = "AirDateTime must be a date and time that exists, such as 2026-11-24T05:30:00-05:00"
NO_OFFSET = "AirDateTime has no UTC offset, such as -05:00 or Z; or name its zone with --timezone"
NO_SECONDS = "Duration must be a whole number of seconds"


def encoded(value):
    return json.dumps(value).encode()


def judge(value, zone=None):
    """What is wrong with one JSON record, in words."""
    raw = value if isinstance(value, bytes) else encoded(value)
    return Schema("ndjson", zone).check([raw]).bad.get(0, "valid")


def judge_cells(cells, zone=None):
    return Schema("csv", zone).check([cells]).bad.get(0, "valid")


@pytest.fixture
def cells(spot):
    return lambda **fields: {**spot(Duration="30"), **fields}


def test_the_columns_are_those_of_the_traffic_system():
    assert COLUMNS == ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
    assert {field.alias for field in TrafficRecord.model_fields.values()} == set(COLUMNS)


def test_a_good_record_comes_out_as_its_fields(spot):
    [row] = Schema("ndjson").check([encoded(spot(7))]).rows
    assert asdict(row) == {
        "spot_id": "SP000007",
        "station": "WXYZ",
        "airtime": "2026-11-24T05:30:00-05:00",
        "duration": 30,
        "advertiser": "Café Zoë",
    }


def test_fields_nobody_asked_for_are_ignored(spot):
    assert judge(spot(Note=[1, {"a": None}])) == "valid"


def test_a_field_written_twice_counts_as_its_last():
    raw = (
        b'{"SpotID":"A","SpotID":"B","StationCode":"W","AirDateTime":"2026-11-24T05:30:00Z",'
        b'"Duration":0,"Duration":30,"ClientName":"C"}'
    )
    assert judge(raw) == "valid"
    [row] = Schema("ndjson").check([raw]).rows
    assert (row.spot_id, row.duration) == ("B", 30)


@pytest.mark.parametrize("field", COLUMNS)
def test_a_missing_field_is_named_once(spot, field):
    record = spot()
    del record[field]
    assert judge(record) == f"{field} is missing"


@pytest.mark.parametrize("field", ["SpotID", "StationCode", "ClientName"])
@pytest.mark.parametrize("value", [5, None, True, 1.5, [], {}])
def test_what_is_not_text_is_not_converted(spot, field, value):
    assert judge(spot(**{field: value})) == f"{field} must be text"


@pytest.mark.parametrize("field", ["SpotID", "StationCode", "ClientName"])
def test_an_empty_field_is_named(spot, cells, field):
    assert judge(spot(**{field: ""})) == f"{field} is empty"
    assert judge_cells(cells(**{field: ""})) == f"{field} is empty"


def test_every_broken_rule_is_named():
    assert judge({}) == "; ".join(f"{field} is missing" for field in COLUMNS)


@pytest.mark.parametrize("value", [True, False, 30.0, 30.5, "30", "", None, [30], 1e300])
def test_a_duration_is_a_whole_number_and_nothing_like_it(spot, value):
    assert judge(spot(Duration=value)) == NO_SECONDS


@pytest.mark.parametrize("value", [0, -1, -(10**30)])
def test_a_duration_is_more_than_nothing(spot, value):
    assert judge(spot(Duration=value)) == "Duration must be more than 0 seconds"


@pytest.mark.parametrize("value", [1, 30, 86_400, 10**30])
def test_any_whole_number_of_seconds_is_a_duration(spot, value):
    assert judge(spot(Duration=value)) == "valid"
    [row] = Schema("ndjson").check([encoded(spot(Duration=value))]).rows
    assert row.duration == value


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("030", 30), ("1", 1), ("86400", 86_400)]
)
def test_the_digits_of_a_csv_cell_are_a_duration(cells, text, seconds):
    assert judge_cells(cells(Duration=text)) == "valid"
    [row] = Schema("csv").check([cells(Duration=text)]).rows
    assert row.duration == seconds


@pytest.mark.parametrize(
    "text",
    ["", " 30", "30 ", "+30", "30.0", "3e1", "0x1e", "1_0", "٣٠", "30\n", "9" * 5000, "thirty"],
)
def test_a_csv_cell_of_anything_but_digits_is_no_duration(cells, text):
    assert judge_cells(cells(Duration=text)) == NO_SECONDS


@pytest.mark.parametrize("text", ["0", "000"])
def test_a_csv_duration_is_more_than_nothing(cells, text):
    assert judge_cells(cells(Duration=text)) == "Duration must be more than 0 seconds"


def test_a_negative_csv_duration_is_refused(cells):
    assert "Duration must be more than 0 seconds" in judge_cells(cells(Duration="-5"))


GOOD_TIMES = [
    "2026-11-24T05:30:00-05:00",
    "2026-11-24T05:30:00Z",
    "2026-11-24T05:30:00.250+01:00",
    "2028-02-29T00:00:00+00:00",
    "2026-11-24T23:59:59+05:45",
]


@pytest.mark.parametrize("text", GOOD_TIMES)
def test_an_air_time_is_kept_as_it_was_written(spot, cells, text):
    for schema, value in [
        (Schema("ndjson"), encoded(spot(AirDateTime=text))),
        (Schema("csv"), cells(AirDateTime=text)),
    ]:
        checked = schema.check([value])
        assert not checked.bad
        assert checked.rows[0].airtime == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T05:30:00Z",
        "2027-02-29T05:30:00Z",
        "2026-13-01T05:30:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T05:60:00Z",
        "2026-11-24T05:30:60Z",
        "2026-11-24 05:30:00Z",
        "2026-11-24t05:30:00Z",
        "2026-11-24T05:30:00Z ",
        " 2026-11-24T05:30:00Z",
        "2026-11-24T05:30:00Z\n",
        "2026-11-24T",
        "1764000000",
        "1764000000.5",
        "tomorrow",
        "24.11.2026",
        "0000-11-24T05:30:00Z",
        "\uff12\uff10\uff12\uff16-11-24T05:30:00Z",
        "",
    ],
)
@pytest.mark.parametrize("zone", [None, NEW_YORK])
def test_an_air_time_must_exist_and_be_iso_8601(spot, cells, text, zone):
    assert judge(spot(AirDateTime=text), zone) == NO_DATE
    assert judge_cells(cells(AirDateTime=text), zone) == NO_DATE


@pytest.mark.parametrize("text", GOOD_TIMES)
@pytest.mark.parametrize("zone", [None, NEW_YORK])
def test_an_air_time_holds_no_unit_separator(spot, cells, text, zone):
    """A request ID joins its parts by it, and can be taken for no other's because of this."""
    for place in range(len(text) + 1):
        for spoilt in (
            f"{text[:place]}\x1f{text[place:]}",
            f"{text[:place]}\x1f{text[place + 1 :]}",
        ):
            assert judge(spot(AirDateTime=spoilt), zone) == NO_DATE
            assert judge_cells(cells(AirDateTime=spoilt), zone) == NO_DATE


def test_a_date_is_no_air_time(spot, cells):
    assert NO_DATE in judge(spot(AirDateTime="2026-11-24"))
    assert NO_DATE in judge_cells(cells(AirDateTime="2026-11-24"))


@pytest.mark.parametrize("value", [1_764_000_000, 1.5, None, True])
def test_a_number_is_no_air_time(spot, value):
    assert judge(spot(AirDateTime=value)).startswith("AirDateTime must be text")


def test_a_local_time_needs_a_zone(spot, cells):
    local = "2026-11-24T05:30:00"
    assert judge(spot(AirDateTime=local)) == NO_OFFSET
    assert judge_cells(cells(AirDateTime=local)) == NO_OFFSET
    assert judge(spot(AirDateTime=local), NEW_YORK) == "valid"
    assert judge_cells(cells(AirDateTime=local), NEW_YORK) == "valid"


@pytest.mark.parametrize(
    ("zone", "text", "words"),
    [
        ("America/New_York", "2026-03-08T02:30:00", "never happens"),
        ("America/New_York", "2026-11-01T01:30:00", "happens twice"),
        ("Europe/Berlin", "2026-03-29T02:00:00", "never happens"),
        ("Europe/Berlin", "2026-10-25T02:59:59", "happens twice"),
        ("Australia/Lord_Howe", "2026-10-04T02:15:00", "never happens"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00", "happens twice"),
    ],
)
def test_a_local_time_happens_exactly_once(spot, cells, zone, text, words):
    expected = f"AirDateTime {words} as a local time in {zone}; write its UTC offset"
    assert judge(spot(AirDateTime=text), ZoneInfo(zone)) == expected
    assert judge_cells(cells(AirDateTime=text), ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-08T01:59:59",
        "2026-03-08T03:00:00",
        "2026-11-01T00:59:59",
        "2026-11-01T02:00:00",
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T01:30:00-05:00",
        "2026-03-08T02:30:00Z",
    ],
)
def test_beside_the_change_of_the_clocks_and_with_an_offset_all_is_well(spot, text):
    assert judge(spot(AirDateTime=text), NEW_YORK) == "valid"


def test_a_time_that_happens_twice_spoils_nothing_beside_it(spot):
    times = ["2026-11-01T01:30:00", "2026-11-01T03:30:00", "no", "2026-11-01T01:30:00Z"]
    values = [encoded(spot(AirDateTime=text)) for text in times]
    assert list(Schema("ndjson", NEW_YORK).check(values).bad) == [0, 2]


texts = st.text(min_size=1, max_size=20)


@given(spot_id=texts, station=texts, client=texts, escape=st.booleans())
def test_every_text_is_kept_exactly(spot, spot_id, station, client, escape):
    record = spot(SpotID=spot_id, StationCode=station, ClientName=client)
    raw = json.dumps(record, ensure_ascii=escape).encode()
    checked = [
        *Schema("ndjson").check([raw]).rows,
        *Schema("csv").check([{**record, "Duration": "30"}]).rows,
    ]
    for row in checked:
        assert (row.spot_id, row.station, row.advertiser) == (spot_id, station, client)


odd = st.none() | st.booleans() | st.integers(-3, 90) | st.floats() | st.sampled_from(["", "30"])
times = st.sampled_from(
    [
        *GOOD_TIMES,
        "2026-11-24T05:30:00",
        "2026-11-01T01:30:00",
        "2026-02-30T05:30:00Z",
        "1764000000",
    ]
)
objects = st.fixed_dictionaries(
    {},
    optional={
        "SpotID": texts | odd,
        "StationCode": texts | odd,
        "AirDateTime": times | odd,
        "Duration": st.integers(1, 90) | odd,
        "ClientName": texts | odd,
        "Note": odd | st.lists(odd, max_size=2),
    },
)
whole_objects = st.fixed_dictionaries(
    {
        "SpotID": texts,
        "StationCode": texts,
        "AirDateTime": times,
        "Duration": st.integers(0, 90),
        "ClientName": texts,
    }
)
broken = st.binary(max_size=8) | st.sampled_from([b"{", b"[]", b"null", b"5", rb'{"a":"\ud800"}'])
raws = st.lists(objects.map(encoded) | whole_objects.map(encoded) | broken, max_size=6)


def validated(model, raw):
    try:
        return model.model_validate_json(raw).model_dump(exclude={"moment"})
    except ValidationError:
        return None


@given(batch=raws)
def test_the_batch_path_is_the_strict_model_record_by_record(batch):
    rows, bad = Schema("ndjson").check(batch)
    expected = [validated(TrafficRecord, raw) for raw in batch]
    assert [None if i in bad else asdict(row) for i, row in enumerate(rows)] == expected


@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("zone", [None, NEW_YORK])
def test_a_row_is_the_same_whether_its_air_time_is_common_or_only_valid(spot, cells, form, zone):
    def row(text):
        value = cells(AirDateTime=text) if form == "csv" else encoded(spot(AirDateTime=text))
        return asdict(Schema(form, zone).check([value]).rows[0])

    common, rare = row("2026-11-24T05:30:00-05:00"), row("2026-11-24T05:30-05:00")
    assert rare == {**common, "airtime": "2026-11-24T05:30-05:00"}


@given(batch=raws)
def test_with_a_zone_the_batch_path_is_the_local_model_and_the_clock(batch):
    schema = Schema("ndjson", NEW_YORK)
    rows, bad = schema.check(batch)
    for i, raw in enumerate(batch):
        record = validated(LocalTrafficRecord, raw)
        twice = record is not None and record["airtime"] == "2026-11-01T01:30:00"
        assert (i in bad) == (record is None or twice)
        if i not in bad:
            assert asdict(rows[i]) == record


@given(batch=raws, zone=st.sampled_from([None, NEW_YORK]))
def test_one_bad_record_never_affects_another(batch, zone):
    schema = Schema("ndjson", zone)
    alone = [schema.check([raw]) for raw in batch]
    together = schema.check(batch)
    assert list(together.bad) == [i for i, checked in enumerate(alone) if checked.bad]
    assert together.rows == [row for checked in alone for row in checked.rows]


@given(batch=raws, zone=st.sampled_from([None, NEW_YORK]))
def test_every_bad_record_is_explained_in_their_order(batch, zone):
    schema = Schema("ndjson", zone)
    bad = schema.check(batch).bad
    assert all(bad.values())
    assert list(bad) == sorted(bad)


cell_rows = st.fixed_dictionaries(
    {
        "SpotID": texts | st.just(""),
        "StationCode": texts,
        "AirDateTime": times,
        "Duration": st.integers(0, 99).map(str) | st.sampled_from(["", "+5", "30.0", "٣"]),
        "ClientName": texts,
    }
)


@given(batch=st.lists(cell_rows, max_size=6), zone=st.sampled_from([None, NEW_YORK]))
def test_a_row_of_cells_is_good_exactly_if_its_json_is(batch, zone):
    bad = Schema("csv", zone).check(batch).bad
    as_json = [
        encoded(
            {
                **row,
                "Duration": int(row["Duration"])
                if row["Duration"].isascii() and row["Duration"].isdigit()
                else row["Duration"],
            }
        )
        for row in batch
    ]
    assert bad == Schema("ndjson", zone).check(as_json).bad


def test_an_empty_batch_has_no_rows():
    assert Schema("ndjson").check([]) == ([], {})


def test_the_model_can_be_used_alone(spot):
    record = TrafficRecord.model_validate_json(encoded(spot(3)))
    assert (record.spot_id, record.duration) == ("SP000003", 30)
    with pytest.raises(ValidationError):
        record.duration = 60
