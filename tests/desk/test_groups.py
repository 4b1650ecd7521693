from collections.abc import Sequence
from pathlib import Path

from connectors.desk.groups import EXAMPLES, MOST_STATIONS, OTHERS, UNKNOWN, Group, cut, groups
from connectors.ledger import closing
from tests.desk.letters import letter, night, record
from tests.ledger.ledgers import Ledgers


def grouped(ledgers: Ledgers) -> Sequence[Group]:
    with closing(ledgers.ledgers()) as index:
        return groups(index.open_letters())


def test_dead_letters_are_grouped_by_reason_the_most_frequent_first(tmp_path: Path) -> None:
    rows = [letter(0, "circuit_open"), *map(letter, range(1, 6)), letter(9, "rejected")]
    found = grouped(night(tmp_path, *rows))
    assert [(one.reason, one.count, one.redrivable) for one in found] == [
        ("schema", 5, 0),
        ("circuit_open", 1, 1),
        ("rejected", 1, 0),
    ]
    assert [one.letter.offset for one in found[0].examples] == [1, 2, 3]
    assert len(found[0].examples) == EXAMPLES


def test_stations_are_those_that_the_records_name(tmp_path: Path) -> None:
    raws = [record(StationCode="WGBH"), record(StationCode=7), record(StationCode=""), b"{}"]
    [found] = grouped(night(tmp_path, *(letter(i, raw=raw) for i, raw in enumerate(raws))))
    assert found.stations == {"WGBH": 1, UNKNOWN: 3}


def test_a_broken_export_names_no_more_stations_than_can_be_held(tmp_path: Path) -> None:
    rows = [letter(i, raw=record(StationCode=f"K{i}")) for i in range(MOST_STATIONS + 7)]
    [found] = grouped(night(tmp_path, *rows))
    assert len(found.stations) == MOST_STATIONS + 1
    assert found.stations[OTHERS] == 7


def test_a_station_as_long_as_a_record_is_cut(tmp_path: Path) -> None:
    [found] = grouped(night(tmp_path, letter(0, raw=record(StationCode="K" * 5000))))
    assert list(found.stations) == ["K" * 200 + "…"]
    assert cut("K" * 200) == "K" * 200
