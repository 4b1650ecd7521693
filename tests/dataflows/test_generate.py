import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import StringIO
from itertools import islice, pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.avion.formats import FORMATS
from connectors.avion.row import Row
from connectors.avion.schema import Schema
from connectors.errors import RefusedError
from dataflows.generate import (
    COLUMNS,
    DURATIONS,
    MOST_STATIONS,
    Sample,
    call_signs,
    generate,
)
from dataflows.spoilt import FAULTS, RENDER, Form, faults

FORMAT = st.sampled_from(get_args(Form))
SAMPLES = st.builds(
    Sample,
    records=st.integers(0, 400),
    seed=st.integers(),
    bad=st.floats(0, 1),
    format=FORMAT,
    stations=st.integers(1, 30),
    day=st.dates(),
)


def records_of(sample: Sample) -> Iterator[bytes]:
    lines = generate(sample)
    if sample.format == "csv":
        assert next(lines) == ",".join(COLUMNS).encode() + b"\n"
    if sample.format == "json":
        array = b"".join(lines)
        pieces, rest = FORMATS["json"].cut(array[1:], last=True, limit=len(array))
        assert rest == b"\n"
        return (piece for piece in pieces if piece.strip())
    return (line.removesuffix(b"\n") for line in lines if line.strip())


def divide(sample: Sample) -> tuple[list[Row], list[bytes]]:
    """Good rows as the reader checks them, bad ones as they are."""
    raws = list(records_of(sample))
    values = FORMATS[sample.format].decode(raws, COLUMNS if sample.format == "csv" else ())
    checked = Schema(sample.format).check(values)
    bad = set(checked.bad)
    good = [row for i, row in enumerate(checked.rows) if i not in bad]
    return good, [raws[i] for i in sorted(bad)]


@settings(max_examples=50)
@given(SAMPLES)
def test_there_are_as_many_records_as_asked_for_and_as_many_bad_as_announced(
    sample: Sample,
) -> None:
    good, bad = divide(sample)
    assert len(good) + len(bad) == sample.records
    assert len(bad) == sample.bad_records


@settings(max_examples=50)
@given(SAMPLES)
def test_no_two_good_records_share_spot_air_time_and_station(sample: Sample) -> None:
    good, _ = divide(sample)
    assert len({(row.spot_id, row.airtime, row.station) for row in good}) == len(good)


@settings(max_examples=50)
@given(SAMPLES)
def test_air_times_ascend_within_the_day_and_carry_an_offset(sample: Sample) -> None:
    good, _ = divide(sample)
    times = [row.airtime for row in good]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert all(time.startswith(sample.day.isoformat()) for time in times)
    assert {time[19:] for time in times} <= {"-05:00"}


@settings(max_examples=20)
@given(SAMPLES)
def test_equal_samples_give_equal_bytes_and_other_seeds_others(sample: Sample) -> None:
    text = b"".join(generate(sample))
    assert text == b"".join(generate(sample))
    other = Sample(max(sample.records, 20), sample.seed, format=sample.format)
    another = Sample(max(sample.records, 20), sample.seed + 1, format=sample.format)
    if abs(sample.seed) != abs(sample.seed + 1):
        assert list(generate(other)) != list(generate(another))


@pytest.mark.parametrize(
    ("form", "checksum"),
    [("ndjson", "cee6d4cf42d09667"), ("csv", "e085d877ba6986a4"), ("json", "b775dc0832bca1ca")],
)
def test_a_sample_is_the_same_on_every_python(form: Form, checksum: str) -> None:
    assert sha256(b"".join(generate(Sample(format=form)))).hexdigest()[:16] == checksum


@pytest.mark.parametrize("form", get_args(Form))
@pytest.mark.parametrize("records", [len(FAULTS), 100, 3000])
def test_each_kind_of_bad_row_is_there_at_least_once(form: Form, records: int) -> None:
    sample = Sample(records, bad=0.0001, format=form)
    _, bad = divide(sample)
    assert len(bad) == len(faults(form))
    assert len({reason(raw, form) for raw in bad}) >= len(
        {reason(raw, form) for raw in spoilt(form)}
    )


def spoilt(form: Form) -> Iterator[bytes]:
    fields = dict(zip(COLUMNS, ["SP1", "KABC", "2026-11-24T05:30:00-05:00", 30, "A"], strict=True))
    return (fault(fields, RENDER[form])[:-1] for fault in faults(form).values())


def reason(raw: bytes, form: Form) -> str:
    """What the schema holds against a row, without the row's own values."""
    columns = COLUMNS if form == "csv" else ()
    malformed = FORMATS[form].malformed(raw, columns)
    checked = Schema(form).check(FORMATS[form].decode([raw], columns))
    return malformed.reason if malformed else checked.bad[0]


def test_a_handful_of_records_keeps_to_the_share() -> None:
    assert Sample(5, bad=0.01).bad_records == 0
    assert Sample(5, bad=0.2).bad_records == 1
    assert Sample(5_000, bad=0.1).bad_records == 500
    assert Sample(5_000, bad=0).bad_records == 0


def test_bad_rows_are_spread_over_the_export() -> None:
    rows = list(records_of(Sample(10_000, bad=0.02)))
    schema = Schema("ndjson")
    bad = schema.check(rows).bad
    tenths = Counter(number // 1_000 for number in bad)
    assert len(tenths) == 10
    assert max(tenths.values()) < 50


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_blank_lines_stand_between_records_only_where_there_are_bad_ones(form: Form) -> None:
    assert b"\n" in set(generate(Sample(bad=0.01, format=form)))
    assert b"\n" not in set(generate(Sample(bad=0, format=form)))


def test_a_spot_airs_on_all_stations_at_once_and_comes_back_later() -> None:
    good, _ = divide(Sample(6_000, bad=0, stations=3))
    first = [row for row in good if row.spot_id == good[0].spot_id]
    assert Counter(row.station for row in first) == {"KABC": 2, "WXYZ": 2, "KQED": 2}
    assert len({row.airtime for row in first}) == 2
    assert len({(row.duration, row.advertiser) for row in first}) == 1


def test_durations_and_clients_are_what_traffic_knows() -> None:
    good, _ = divide(Sample(5_000, bad=0))
    assert {row.duration for row in good} == set(DURATIONS)
    clients = "".join(sorted({row.advertiser for row in good}))
    assert all(mark in clients for mark in ('"', ",", "%", "ü", "東", "Ł", "«"))


def test_all_formats_hold_the_same_good_records() -> None:
    lines, rows, array = (b"".join(generate(Sample(300, bad=0, format=f))) for f in get_args(Form))
    cells = list(csv.reader(StringIO(rows.decode())))[1:]
    objects = [json.loads(line) for line in lines.splitlines()]
    assert [list(map(str, one.values())) for one in objects] == cells
    assert json.loads(array) == objects


def test_millions_of_records_fit_into_the_day_without_meeting_themselves() -> None:
    sample = Sample(3_000_000, bad=0, stations=1)
    rows = [json.loads(line) for line in islice(generate(sample), 200_000)]
    assert len({(row["SpotID"], row["AirDateTime"]) for row in rows}) == len(rows)
    last = datetime.fromisoformat(rows[-1]["AirDateTime"])
    assert last.date() == date(2026, 11, 24)
    assert last - datetime.fromisoformat(rows[0]["AirDateTime"]) < timedelta(hours=1.7)


def test_stations_are_distinct_call_signs_and_the_first_are_known() -> None:
    signs = call_signs(MOST_STATIONS)
    assert signs[:2] == [b"KABC", b"WXYZ"]
    assert len(set(signs)) == MOST_STATIONS
    assert {len(sign) for sign in signs} == {4}
    assert call_signs(3) == signs[:3]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("records", -1), ("bad", -0.1), ("bad", 1.1), ("bad", float("nan")), ("stations", 0)],
)
def test_what_cannot_be_generated_is_refused_in_one_line(setting: str, value: float) -> None:
    with pytest.raises(RefusedError) as refused:
        Sample(**{setting: value})  # type: ignore[arg-type]
    assert len(str(refused.value).splitlines()) == 1
