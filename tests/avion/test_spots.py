import hashlib
import pickle

import pytest

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS
from connectors.avion.schema import Schema
from connectors.avion.spots import Spots
from connectors.records import Spot

CHECKSUM = "0" * 64


@pytest.fixture
def lines(spot, to_ndjson):
    text = to_ndjson([spot(i, Duration=i) for i in range(1, 5)]).replace(b"\n", b"\n\n", 1)
    [found] = Cutter(FORMATS["ndjson"], offset=100, number=9).feed(text)
    return found


@pytest.fixture
def spots(lines):
    rows = Schema("ndjson").check(lines.raws).rows
    return lambda *left_out: Spots(CHECKSUM, lines, rows, frozenset(left_out))


def test_a_spot_is_its_record_with_its_place_and_request_id(spots, lines):
    joined = f"SP000001\x1f2026-11-24T05:30:00-05:00\x1f{CHECKSUM}\x1fWXYZ"
    assert spots()[0] == Spot(
        line=9,
        offset=100,
        spot_id="SP000001",
        station="WXYZ",
        airtime="2026-11-24T05:30:00-05:00",
        duration=1,
        advertiser="Café Zoë",
        request_id=hashlib.sha256(joined.encode()).hexdigest()[:32],
        raw=lines.raws[0],
    )
    assert spots()[0].request_id == "1d6441e20f75f7517e2da275ec923b4e"


def test_each_spot_stands_where_its_line_stands(spots, lines):
    assert [(s.line, s.offset, s.raw) for s in spots()] == [
        (line.number, line.offset, line.raw) for line in lines
    ]


@pytest.mark.parametrize("left_out", [(), (0,), (3,), (1, 2), (0, 1, 2, 3)])
def test_what_is_left_out_moves_nothing(spots, left_out):
    found = spots(*left_out)
    expected = [spot for i, spot in enumerate(spots()) if i not in left_out]
    assert list(found) == expected
    assert len(found) == len(expected)


def test_it_is_a_sequence(spots):
    found = spots(1)
    whole = list(found)
    assert [found[i] for i in range(len(found))] == whole == found[:]
    assert found[-1] == whole[-1]
    assert found[1:] == whole[1:]
    with pytest.raises(IndexError):
        found[3]


def test_it_can_be_read_again(spots):
    found = spots(2)
    assert list(found) == list(found)


def test_it_travels_between_processes(spots):
    found = spots(0)
    assert list(pickle.loads(pickle.dumps(found))) == list(found)
