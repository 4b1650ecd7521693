"""Spots of one request ID are sent one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.order import loads, turns
from connectors.records import Spot


def spot(line: int, request_id: str) -> Spot:
    return Spot(line, line, "SP1", "K", "t", 30, "Acme", request_id, b"raw")


@given(st.lists(st.sampled_from("abcdef")))
def test_every_spot_has_one_place_behind_the_earlier_ones_of_its_request_id(ids: list[str]):
    spots = [spot(line, request_id) for line, request_id in enumerate(ids)]

    found = turns(spots)

    assert sorted(place for turn in found for place in turn) == list(enumerate(spots))
    assert [turn[0][1].request_id for turn in found] == list(dict.fromkeys(ids))
    for turn in found:
        assert len({one.request_id for _, one in turn}) == 1
        assert turn == sorted(turn)


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 4))
def test_a_load_has_at_most_so_many_spots_and_no_request_id_twice(ids: list[str], most: int):
    spots = [spot(line, request_id) for line, request_id in enumerate(ids)]

    following = list(loads(turns(spots), lambda: most))

    every = [load for chain in following for load in chain]
    assert sorted(place for load in every for place in load) == list(enumerate(spots))
    for load in every:
        assert 1 <= len(load) <= most
        assert len({one.request_id for _, one in load}) == len(load)
    for chain in following:  # a row of a request ID comes before the next one of that ID
        places = [(one.request_id, place) for load in chain for place, one in load]
        for request_id in {name for name, _ in places}:
            mine = [place for name, place in places if name == request_id]
            assert mine == sorted(mine) == [i for i, one in enumerate(ids) if one == request_id]


def test_loads_are_as_large_as_may_be_when_they_are_taken():
    most, spots = [3], [spot(line, str(line)) for line in range(7)]
    todo = loads(turns(spots), lambda: most[0])

    sizes = [len(next(todo)[0])]
    most[0] = 2
    sizes += [len(load) for chain in todo for load in chain]

    assert sizes == [3, 2, 2]
