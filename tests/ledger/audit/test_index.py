import sqlite3
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import HaltedError
from connectors.ledger.audit.index import Place, temporary_index
from connectors.ledger.audit.shape import OFFSETS

OFFSET = st.integers(0, 20) | st.integers(0, OFFSETS - 1)


@given(st.lists(OFFSET), st.lists(OFFSET))
def test_places_come_back_by_offset_ascending_and_none_is_lost(
    receipts: list[int], letters: list[int]
) -> None:
    places = [
        Place(offset, name, row, row * 100, b"id" if name.startswith("r") else None)
        for name, offsets in (("receipts.ndjson", receipts), ("dead-letters.ndjson", letters))
        for row, offset in enumerate(offsets, 1)
    ]
    with temporary_index() as index:
        index.add(place for place in places if place.file == "receipts.ndjson")
        index.add(place for place in places if place.file != "receipts.ndjson")
        found = list(index)
    expected = groupby(sorted(places), lambda place: place.offset)
    assert found == [list(group) for _, group in expected]


def test_an_index_can_be_gone_through_again() -> None:
    with temporary_index() as index:
        index.add([Place(7, "receipts.ndjson", 1, 0, b"id")])
        assert list(index) == list(index) == [[Place(7, "receipts.ndjson", 1, 0, b"id")]]


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d", None])))
def test_request_ids_of_more_than_one_receipt_come_back_with_all_of_theirs(
    requests: list[bytes | None],
) -> None:
    places = [
        Place(row * 7 % 5, "receipts.ndjson", row, row * 100, request)
        for row, request in enumerate(requests, 1)
    ]
    with temporary_index() as index:
        index.add(places)
        found = list(index.repeated_requests())
    named = [place for place in places if place.request and requests.count(place.request) > 1]
    assert found == [
        [place for place in named if place.request == request]
        for request in sorted({place.request for place in named})
    ]


def test_an_index_without_room_is_refused_with_the_way_out() -> None:
    with pytest.raises(HaltedError, match="disk is full; let TMPDIR name a folder with room"):
        fill_up()


def fill_up() -> None:
    with temporary_index() as index:
        index._database.execute("PRAGMA max_page_count = 3")
        index.add(Place(offset, "receipts.ndjson", 1, 0, b"id") for offset in range(100_000))


def test_the_database_is_closed_at_the_end() -> None:
    with temporary_index() as index:
        index.add([])
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        list(index)
