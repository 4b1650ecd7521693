"""Spots of one request ID are sent one after the other."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from connectors.avstar.order import Order, Placed
from connectors.records import Spot


def spot(line: int, request_id: str) -> Spot:
    return Spot(line, line, "SP1", "K", "t", 30, "Acme", request_id, b"raw")


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 4), st.data())
def test_whatever_the_answers_take_each_spot_comes_once_and_behind_its_like(
    ids: list[str], most: int, data: st.DataObject
):
    spots = [spot(line, request_id) for line, request_id in enumerate(ids)]
    order, under_way, sent = Order(spots, lambda: most), list[list[Placed]](), list[Placed]()

    def take() -> bool:
        taken = order.take()
        names = [one.request_id for _, one in taken]
        flying = [one.request_id for other in under_way for _, one in other]
        assert len(taken) <= most
        assert len({*names, *flying}) == len(names) + len(flying)  # none beside its like
        sent.extend(taken)
        if taken:
            under_way.append(taken)
        return bool(taken)

    for _ in range(data.draw(st.integers(1, 5))):
        take()
    while under_way:
        order.settled(under_way.pop(data.draw(st.integers(0, len(under_way) - 1))))
        take()  # and leaves, if there is nothing

    assert sorted(sent) == list(enumerate(spots))
    assert order.take() == []
    for request_id in set(ids):
        mine = [place for place, one in sent if one.request_id == request_id]
        assert mine == [i for i, one in enumerate(ids) if one == request_id]


def test_who_takes_nothing_leaves_what_waits_to_those_it_waits_for():
    first, second = [spot(line, "a") for line in (1, 2)]
    order = Order([first, second], lambda: 1)

    taken = order.take()

    assert taken == [(0, first)]
    assert order.take() == []
    order.settled(taken)
    assert order.take() == [(1, second)]


def requests(ids: str, most: int) -> list[str]:
    """Return what is sent together where one sends all of it."""
    order = Order([spot(line, one) for line, one in enumerate(ids)], lambda: most)
    sent = []
    while taken := order.take():
        sent.append("".join(one.request_id for _, one in taken))
        order.settled(taken)
    return sent


def test_what_waited_is_sent_with_others():
    assert requests("aaabcdefg", 3) == ["abc", "ade", "afg"]
    assert len(requests("bbbbaaaaababbbaabaaaabaaabbabbbbbabbabbb", 2)) == 22


def test_there_are_as_many_together_as_may_be_when_they_are_taken():
    most = [3]
    order = Order([spot(line, str(line)) for line in range(7)], lambda: most[0])

    sizes = [len(order.take())]
    most[0] = 2
    sizes += [len(order.take()), len(order.take())]

    assert sizes == [3, 2, 2]


def test_what_waited_for_more_than_may_be_sent_together_now_comes_by_and_by():
    most = [4]
    order = Order([spot(line, one) for line, one in enumerate("abcdabcd")], lambda: most[0])
    taken = order.take()
    assert order.take() == []
    most[0] = 3
    order.settled(taken)

    assert [len(order.take()), len(order.take()), len(order.take())] == [3, 1, 0]


def test_spots_are_made_when_they_are_to_be_sent():
    made: list[int] = []

    def spots() -> Iterator[Spot]:
        for line in range(9):
            made.append(line)
            yield spot(line, str(line))

    order = Order(spots(), lambda: 2)
    order.take()

    assert made == [0, 1]
