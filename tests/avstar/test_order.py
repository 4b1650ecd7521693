"""Spots of one request ID are sent one after the other."""

from collections.abc import Callable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.order import Load, Order
from connectors.records import Spot


def spot(line: int, request_id: str) -> Spot:
    return Spot(line, line, "SP1", "K", "t", 30, "Acme", request_id, b"raw")


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 4), st.data())
def test_whatever_the_answers_take_each_spot_comes_once_and_behind_its_like(
    ids: list[str], most: int, data: st.DataObject
):
    spots = [spot(line, request_id) for line, request_id in enumerate(ids)]
    order, under_way, sent = Order(spots, lambda: most), list[Load](), list[tuple[int, Spot]]()

    def send(load: Load) -> None:
        names = [one.request_id for _, one in load]
        flying = [one.request_id for other in under_way for _, one in other]
        assert 1 <= len(load) <= most
        assert len({*names, *flying}) == len(names) + len(flying)  # none beside its like
        under_way.append(load)
        sent.extend(load)

    while load := order.take():
        send(load)
        while under_way and data.draw(st.booleans()):
            _answer(order, under_way, data, send)
    while under_way:
        _answer(order, under_way, data, send)

    assert sorted(sent) == list(enumerate(spots))
    assert order.take() == []
    for request_id in set(ids):
        mine = [place for place, one in sent if one.request_id == request_id]
        assert mine == [i for i, one in enumerate(ids) if one == request_id]


def _answer(
    order: Order, under_way: list[Load], data: st.DataObject, send: Callable[[Load], None]
) -> None:
    settled = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
    if following := order.settled(settled):
        send(following)


def test_who_takes_nothing_leaves_what_waits_to_those_it_waits_for():
    first, second = [spot(line, "a") for line in (1, 2)]
    order = Order([first, second], lambda: 1)

    load = order.take()

    assert load == [(0, first)]
    assert order.take() == []
    assert order.settled(load) == [(1, second)]
    assert order.settled([(1, second)]) == []


def test_loads_are_as_large_as_may_be_when_they_are_taken():
    most = [3]
    order = Order([spot(line, str(line)) for line in range(7)], lambda: most[0])

    sizes = [len(order.take())]
    most[0] = 2
    sizes += [len(order.take()), len(order.take())]

    assert sizes == [3, 2, 2]


def test_spots_are_made_when_they_are_to_be_sent():
    made: list[int] = []

    def spots() -> Iterator[Spot]:
        for line in range(9):
            made.append(line)
            yield spot(line, str(line))

    order = Order(spots(), lambda: 2)
    order.take()

    assert made == [0, 1]
