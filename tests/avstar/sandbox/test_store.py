import sqlite3
from contextlib import closing

import pytest

from connectors.avstar.sandbox.record import SpotRecord
from connectors.avstar.sandbox.store import PAGE_ROWS, SpotStore

SPOT = SpotRecord(spot_id="SP1", station="KABC", airtime="05:30", duration_sec=30, advertiser="A")


@pytest.fixture
def store():
    with closing(SpotStore.open(None)) as store:
        yield store


def change(**values):
    return SPOT.model_copy(update=values)


def spots(store):
    return [spot for page in store.pages() for spot in page]


def test_a_new_request_id_is_accepted(store):
    assert store.schedule("a", SPOT) == "accepted"
    assert len(store) == 1


def test_the_same_content_under_the_same_request_id_is_a_duplicate(store):
    store.schedule("a", SPOT)
    assert store.schedule("a", change()) == "duplicate"
    assert len(store) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"spot_id": "SP2"},
        {"station": "WXYZ"},
        {"airtime": "05:31"},
        {"duration_sec": 31},
        {"advertiser": "B"},
    ],
)
def test_other_content_under_the_same_request_id_is_a_conflict(store, other):
    store.schedule("a", SPOT)
    assert store.schedule("a", change(**other)) == "conflict"


def test_a_conflict_leaves_the_first_spot_as_it_was(store):
    store.schedule("a", SPOT)
    store.schedule("a", change(station="WXYZ"))
    assert [spot["station"] for spot in spots(store)] == ["KABC"]


def test_one_spot_under_two_request_ids_is_scheduled_twice(store):
    assert [store.schedule(request_id, SPOT) for request_id in "ab"] == ["accepted", "accepted"]


def test_a_spot_comes_out_exactly_as_it_went_in(store):
    odd = change(spot_id='"\x00\u2028é', station=" ", duration_sec=2**31 - 1)
    store.schedule("a", odd)
    assert spots(store) == [{"request_id": "a", **odd.model_dump()}]


def test_spots_come_page_by_page_in_the_order_they_came(store):
    ids = [f"{number:x}"[::-1] for number in range(2 * PAGE_ROWS + 1)]
    for request_id in ids:
        store.schedule(request_id, SPOT)
    assert [len(page) for page in store.pages()] == [PAGE_ROWS, PAGE_ROWS, 1]
    assert [spot["request_id"] for spot in spots(store)] == ids


def test_spots_may_be_scheduled_and_committed_between_pages(store):
    for number in range(PAGE_ROWS):
        store.schedule(f"a{number}", SPOT)
    pages = store.pages()
    next(pages)
    store.schedule("b", SPOT)
    store.commit()
    assert [spot["request_id"] for spot in next(pages)] == ["b"]


def test_an_empty_store_has_no_pages(store):
    assert list(store.pages()) == []


def test_what_is_committed_is_seen_by_others(tmp_path):
    with closing(SpotStore.open(tmp_path / "spots.db")) as store:
        store.schedule("a", SPOT)
        with closing(sqlite3.connect(tmp_path / "spots.db")) as other:
            assert other.execute("SELECT count(*) FROM spots").fetchone() == (0,)
            store.commit()
            assert other.execute("SELECT count(*) FROM spots").fetchone() == (1,)


def test_a_file_keeps_its_spots_from_one_opening_to_the_next(tmp_path):
    with closing(SpotStore.open(tmp_path / "spots.db")) as store:
        store.schedule("a", SPOT)
    with closing(SpotStore.open(tmp_path / "spots.db")) as store:
        assert store.schedule("a", SPOT) == "duplicate"


def test_a_temporary_store_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(SpotStore.open(None)) as store:
        store.schedule("a", SPOT)
        store.commit()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_is(tmp_path):
    file = tmp_path / "export.csv"
    file.write_text("SpotID,StationCode\n" * 100)
    with pytest.raises(sqlite3.Error):
        SpotStore.open(file)
    assert file.read_text() == "SpotID,StationCode\n" * 100
