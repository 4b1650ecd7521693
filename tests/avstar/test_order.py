"""Spots of one request ID are sent one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.order import turns
from connectors.records import Spot


def spot(line: int, request_id: str) -> Spot:
    return Spot(line, line, "SP1", "K", "t", 30, "Acme", request_id, b"raw")


@given(st.lists(st.sampled_from("abcdef")))
def test_every_spot_has_one_place_behind_the_earlier_ones_of_its_request_id(ids: list[str]):
    spots = [spot(line, request_id) for line, request_id in enumerate(ids)]

    found = list(turns(spots))

    assert sorted(place for turn in found for place in turn) == list(enumerate(spots))
    assert [turn[0][1].request_id for turn in found] == list(dict.fromkeys(ids))
    for turn in found:
        assert len({one.request_id for _, one in turn}) == 1
        assert turn == sorted(turn)
