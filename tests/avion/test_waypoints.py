import gzip
import random
from importlib import import_module

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from connectors.avion import survey
from connectors.avion.blocks import Blocks
from connectors.avion.lane import Lane
from connectors.avion.unpacker import Unpacker
from connectors.avion.waypoints import Waypoints, remember, take

waypoints = import_module("connectors.avion.waypoints")
TEXT = random.Random(1).randbytes(200_000).hex().encode()
PACKED = gzip.compress(TEXT)


def passed(packed, packing="gzip", block=1000):
    """What is remembered on the way through a packed text."""
    found, unpacker = Waypoints(), Unpacker(packing)
    for at in range(0, len(packed), block):
        list(unpacker.feed(packed[at : at + block]))
        found.pass_by(unpacker)
    return found


@pytest.fixture
def steps(monkeypatch):
    monkeypatch.setattr(waypoints, "STEP", 1000)


@given(
    offset=st.integers(0, len(TEXT)), block=st.integers(200, 70_000), step=st.integers(1, 50_000)
)
def test_from_a_waypoint_on_the_text_is_the_same(offset, block, step):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waypoints, "STEP", step)
        found = passed(PACKED, block=block)
    unpacker = found.before(offset)
    if unpacker is None:
        assert not found or offset < found._passed[0].text
        return
    assert unpacker.text <= offset
    text = unpacker.text
    rest = [*unpacker.feed(PACKED[unpacker.packed :]), *unpacker.close()]
    assert b"".join(rest) == TEXT[text:]


def test_one_waypoint_is_left_as_it_was_by_who_goes_on(steps):
    found = passed(PACKED)
    first = found.before(len(TEXT))
    assert first is not None
    assert first.copy() is not first
    list(first.feed(PACKED[first.packed :]))
    assert first.text == len(TEXT)


def test_there_are_never_many(steps):
    found = passed(PACKED, block=100)
    places = [one.text for one in found._passed]
    assert waypoints.MOST / 2 <= len(places) <= waypoints.MOST
    assert places == sorted(places)
    assert places[0] < len(TEXT) / 10
    assert places[-1] > len(TEXT) * 0.9


def test_zstd_is_left_between_frames_alone(steps):
    frames = [zstd.compress(TEXT[at : at + 50_000]) for at in range(0, len(TEXT), 50_000)]
    ends = {sum(map(len, frames[:count])): count for count in range(1, 9)}
    found = Waypoints()
    unpacker = Unpacker("zstd")
    for byte in b"".join(frames):
        list(unpacker.feed(bytes([byte])))
        found.pass_by(unpacker)
    assert {one.packed: one.text // 50_000 for one in found._passed} == ends


def test_what_a_survey_passed_by_is_taken_once(tmp_path, spot, to_ndjson, steps):
    path = tmp_path / "day.ndjson.gz"
    text = to_ndjson([spot(number) for number in range(5000)])
    path.write_bytes(gzip.compress(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", 512)
        export = survey(path)
    start = len(text) * 9 // 10
    unpacker = take(export.checksum, start)
    assert unpacker.text > start / 2
    blocks = Blocks(path, start, len(text), packing="gzip", unpacker=unpacker)
    assert b"".join(blocks) == text[start:]
    assert take(export.checksum, start) is None


def test_a_lane_goes_on_from_a_waypoint_with_the_record_it_stood_at(
    tmp_path, spot, to_ndjson, steps, monkeypatch
):
    monkeypatch.setattr(import_module("connectors.avion.recognition"), "_BLOCK", 512)
    path = tmp_path / "day.ndjson.gz"
    text = to_ndjson([spot(number) for number in range(5000)])
    path.write_bytes(gzip.compress(text))
    found, positions = [], {}
    for count in (1, 700, 3000, 5000):
        export = survey(path)
        lane = Lane(0, [export], positions, line_limit=1 << 20)
        if found:
            offset = positions[export.checksum].offset
            assert waypoints._surveyed[export.checksum].before(offset) or count == 700
        while len(found) < count and (batch := lane.read(500)):
            found += batch.records
        positions = lane.positions
        lane.close()
    assert [line.raw for line in found] == text.splitlines()
    assert [line.number for line in found] == list(range(1, 5001))


def test_exports_that_nobody_reads_are_forgotten(steps):
    for number in range(100):
        remember(f"{number}", passed(PACKED, block=100_000))
    assert len(waypoints._surveyed) <= 8
    assert take("0", 0) is None
