import logging
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS
from connectors.avion.validator import Validator
from connectors.records import REJECTIONS, Batch, Line, Span
from connectors.request_id import request_id

CHECKSUM = "0" * 64
SPAN = Span("a.ndjson.000000000000", CHECKSUM, "lane-0", 0, 100, 5)
COLUMNS = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")

GOOD = (
    b'{"SpotID":"SP1","StationCode":"WXYZ","AirDateTime":"2026-11-24T05:30:00Z",'
    b'"Duration":30,"ClientName":"Zo\xc3\xab"}'
)
ELSEWHERE = GOOD.replace(b"WXYZ", b"KABC")
EMPTY_ID = GOOD.replace(b"SP1", b"")
LATIN = GOOD.replace(b"\xc3\xab", b"\xeb")


def runs(text, name="ndjson", limit=1 << 20):
    cutter = Cutter(FORMATS[name], columns=COLUMNS if name == "csv" else (), limit=limit)
    return [*cutter.feed(text), *cutter.close()]


def batches(text, name="ndjson", limit=1 << 20):
    return [Batch(SPAN, lines) for lines in runs(text, name, limit)]


def validated(text, *, name="ndjson", limit=1 << 20, **settings):
    """What became of a text in one batch, as two lists and the tally."""
    [batch] = batches(text, name, limit)
    spots, dead_letters, tally = Validator(**settings)(batch)
    return list(spots), list(dead_letters), tally


def test_a_good_record_becomes_a_spot():
    [spot], dead_letters, tally = validated(GOOD + b"\n")
    assert spot.request_id == request_id("SP1", "2026-11-24T05:30:00Z", CHECKSUM, "WXYZ")
    assert (spot.duration, spot.advertiser, spot.raw) == (30, "Zoë", GOOD)
    assert dead_letters == []
    assert tally == (SPAN, 1, 1, 0)


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        (EMPTY_ID, "schema", "SpotID is empty"),
        (b"{}", "schema", "SpotID is missing; StationCode is missing"),
        (b"{", "not_json", "not JSON: "),
        (b"[1]", "not_json", "not a JSON object"),
        (LATIN, "encoding", f"byte {LATIN.index(0xEB) + 1} of the line is not UTF-8"),
        (b"\0", "not_json", "not JSON: "),
    ],
)
def test_a_bad_record_becomes_a_dead_letter_that_says_why(raw, reason, detail):
    spots, [letter], tally = validated(b"\n" + raw + b"\n")
    assert spots == []
    assert letter.reason == reason
    assert letter.detail.startswith(detail)
    assert letter._replace(reason="", detail="") == (
        *(2, 1, "", "", None, False, None, 0),
        raw,
        None,
    )
    assert tally == (SPAN, 1, 0, 0)


CSV_ROW = b"SP1,WXYZ,2026-11-24T05:30:00Z,30,Acme"


@pytest.mark.parametrize(("name", "good", "bad"), [("ndjson", GOOD, b"{}"), ("csv", CSV_ROW, b",")])
def test_in_a_long_batch_each_record_keeps_its_place(name, good, bad):
    places = [0, 999, 1000, 1001, 2500, 2999]
    lines = [bad + b"x" if i in places else good for i in range(3000)]
    spots, dead_letters, tally = validated(b"\n".join(lines) + b"\n", name=name)
    assert [letter.line - 1 for letter in dead_letters] == places
    assert [spot.line - 1 for spot in spots] == [i for i in range(3000) if i not in places]
    assert tally == (SPAN, 3000, 3000 - len(places), 0)


CELLS = b'SP1,WXYZ,2026-11-24T05:30:00Z,30,"A ""B""\nC"'


def test_a_good_row_becomes_a_spot():
    [spot], dead_letters, _ = validated(CELLS + b"\r\n", name="csv")
    assert (spot.duration, spot.advertiser) == (30, 'A "B"\nC')
    assert dead_letters == []


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        (CELLS.replace(b"30,", b"0,"), "schema", "Duration must be more than 0 seconds"),
        (CELLS + b",6", "not_csv", "the row has 6 cells, the header names 5"),
        (CELLS[:-1], "not_csv", "not a CSV row: "),
        (CELLS.replace(b"B", b"\xff"), "encoding", "byte 39 of the row is not UTF-8"),
        (CELLS.replace(b"B", b"\0"), "encoding", "byte 39 of the row is NUL"),
    ],
)
def test_a_bad_row_becomes_a_dead_letter_that_says_why(raw, reason, detail):
    _, letters, _ = validated(raw + b"\n", name="csv")
    assert letters[0].reason == reason
    assert letters[0].detail.startswith(detail)
    assert b"\n".join(letter.raw for letter in letters) == raw


def test_a_record_over_the_limit_becomes_a_dead_letter_with_its_head():
    _, [letter], tally = validated(b"x" * 5000 + b"\n", limit=2000)
    assert letter.reason == "line_too_long"
    assert letter.detail == "5000 bytes; only the first 1024 are kept"
    assert letter.raw == b"x" * 1024
    assert tally == (SPAN, 1, 0, 0)


def test_a_local_time_is_taken_in_the_zone_that_is_named():
    local = GOOD.replace(b"00Z", b"00")
    assert validated(local)[1][0].detail.startswith("AirDateTime has no UTC offset")
    [spot], _, _ = validated(local, zone=ZoneInfo("America/New_York"))
    assert spot.airtime == "2026-11-24T05:30:00"


def test_only_the_stations_asked_for_are_kept_and_the_others_counted():
    text = b"\n".join([GOOD, ELSEWHERE, EMPTY_ID, GOOD]) + b"\n"
    spots, dead_letters, tally = validated(text, stations=["WXYZ", "NONE"])
    assert [spot.line for spot in spots] == [1, 4]
    assert [letter.line for letter in dead_letters] == [3]
    assert tally == (SPAN, 4, 2, 1)


def test_no_station_asked_for_keeps_none():
    spots, _, tally = validated(GOOD, stations=[])
    assert spots == []
    assert tally == (SPAN, 1, 0, 1)


raws = st.sampled_from(
    [GOOD, ELSEWHERE, EMPTY_ID, LATIN, b"{", b"[]", b"", b" \r", GOOD + b"\r", b"x" * 3000]
)


@given(lines=st.lists(raws, max_size=12), stations=st.sampled_from([None, ["WXYZ"], ["KABC"], []]))
def test_every_record_is_a_spot_a_dead_letter_or_skipped(lines, stations):
    text = b"".join(raw + b"\n" for raw in lines)
    validator = Validator(stations=stations)
    settled = total = 0
    for batch in batches(text, limit=2000):
        spots, dead_letters, tally = validator(batch)
        assert tally.span == spots.span == dead_letters.span == batch.span
        assert tally.records == len(batch)
        assert tally.valid == len(spots) == len(list(spots))
        assert tally.records == tally.valid + tally.skipped + len(dead_letters)
        assert all(letter.reason in REJECTIONS for letter in dead_letters)
        settled += len(spots) + len(dead_letters) + tally.skipped
        total += len(batch)
    assert settled == total == sum(1 for raw in lines if raw.strip())


@given(lines=st.lists(raws, max_size=12))
def test_the_records_of_a_batch_never_affect_each_other(lines):
    validator = Validator(stations=["WXYZ"])
    together = {}
    for batch in batches(b"".join(raw + b"\n" for raw in lines), limit=2000):
        spots, dead_letters, _ = validator(batch)
        together |= {(s.line, s.request_id): s.raw for s in spots}
        together |= {(d.line, d.reason, d.detail): d.raw for d in dead_letters}
    alone = {}
    for number, raw in enumerate(lines, 1):
        for batch in batches(raw + b"\n", limit=2000):
            spots, dead_letters, _ = validator(batch)
            alone |= {(number, s.request_id): s.raw for s in spots}
            alone |= {(number, d.reason, d.detail): d.raw for d in dead_letters}
    assert together == alone


@pytest.mark.parametrize("name", ["ndjson", "csv"])
def test_dead_letters_hold_the_bytes_that_stand_at_their_offset(name):
    text = b'\xff\xfe\r\n\n"a\nb",c\n{"SpotID": "\xc3"}\n"never closed\n1,2\n\0'
    found = [letter for batch in batches(text, name) for letter in Validator()(batch).dead_letters]
    assert len(found) >= 6
    for letter in found:
        assert text[letter.offset : letter.offset + len(letter.raw)] == letter.raw
        assert letter.line == text.count(b"\n", 0, letter.offset) + 1


def test_an_empty_batch_is_tallied():
    lines, _ = runs(GOOD)[0].take(0)
    validated_batch = Validator()(Batch(SPAN, lines))
    assert list(validated_batch.spots) == list(validated_batch.dead_letters) == []
    assert validated_batch.tally == (SPAN, 0, 0, 0)


def test_each_rejection_is_in_the_audit_log(caplog):
    with caplog.at_level(logging.INFO):
        validated(GOOD + b"\n" + EMPTY_ID + b"\n{\n")
    assert [record.message for record in caplog.records] == ["rejected", "rejected"]
    first = caplog.records[0]
    assert (first.export, first.line, first.offset) == (SPAN.export, 2, len(GOOD) + 1)
    assert (first.reason, first.detail) == ("schema", "SpotID is empty")


def test_other_batches_than_the_sources_are_a_mistake_of_the_programmer():
    with pytest.raises(TypeError, match="batches of AvionSource"):
        Validator()(Batch(SPAN, [Line(GOOD, 1, 0, len(GOOD))]))


def test_one_validator_checks_both_formats():
    validator = Validator()
    for text, name in [(GOOD, "ndjson"), (CELLS, "csv"), (GOOD, "ndjson")]:
        [batch] = batches(text + b"\n", name)
        assert validator(batch).tally.valid == 1
