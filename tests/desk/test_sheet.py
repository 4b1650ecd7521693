"""What goes to the desk and comes back untouched is what it was, whatever stands in it."""

import csv
import io
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS
from connectors.avion.survey import survey
from connectors.avion.validator import Validator
from connectors.desk import write_sheet
from connectors.ledger import closing
from connectors.records import COLUMNS, Batch, DeadLetter, Span, Spot
from connectors.request_id import request_id
from connectors.sheet import ADDED
from tests.ledger.ledgers import Ledgers

AIRTIMES = ["2026-11-24T05:30:00-05:00", "2026-11-24T05:30:00Z", "2026-11-24T05:30:00"]

Record = dict[str, Any]


def key(record: Record) -> tuple[str, ...]:
    """By what records are told apart; no CSV holds NUL."""
    return tuple(record[name].replace("\0", "0") for name in COLUMNS[:3])


def fields(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Record]:
    return st.fixed_dictionaries(
        {
            "SpotID": texts,
            "StationCode": texts,
            "AirDateTime": st.sampled_from(AIRTIMES),
            "Duration": st.integers(1, 10**12),
            "ClientName": texts,
            "Note": texts,
        }
    )


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
alike = st.text("'=0123456789.,:/-+eETMARay%\"\r\n\0 ", min_size=1, max_size=8)
records = st.lists(fields(texts | alike), min_size=1, max_size=5, unique_by=key)


def letters(raws: Sequence[bytes], spots: Sequence[Record], checksum: str) -> list[DeadLetter]:
    found = []
    for number, (raw, spot) in enumerate(zip(raws, spots, strict=True)):
        known = request_id(spot["SpotID"], spot["AirDateTime"], checksum, spot["StationCode"])
        found.append(DeadLetter(number + 1, number, "circuit_open", "", None, True, known, 1, raw))
    return found


def back(sheet: Path) -> list[Spot]:
    """Read a sheet as a run does, without a time zone."""
    export = survey(sheet)
    begin, content = export.splits[0], sheet.read_bytes()
    cutter = Cutter(
        FORMATS["csv"], columns=export.columns, offset=begin.start, number=begin.line, limit=1 << 20
    )
    span = Span(export.key, export.checksum, "lane-0", 0, 0, 0)
    lines = [*cutter.feed(content[begin.start :]), *cutter.close()]
    found = [Validator()(Batch(span, some)) for some in lines]
    assert not [letter for one in found for letter in one.dead_letters]
    return [spot for one in found for spot in one.spots]


def sheet_of(folder: Path, name: str = "mend.csv") -> Path:
    ledgers = Ledgers(folder)
    with closing(ledgers.ledgers()) as index:
        write_sheet(folder / name, index)
    return folder / name


def assert_same(spots: Sequence[Spot], wanted: Sequence[Record], checksum: str) -> None:
    assert [
        (spot.spot_id, spot.station, spot.airtime, spot.duration, spot.advertiser) for spot in spots
    ] == [tuple(one[name] for name in COLUMNS) for one in wanted]
    for spot in spots:
        known = request_id(spot.spot_id, spot.airtime, checksum, spot.station)
        assert spot.request_id == known
        assert spot.ancestor
        assert spot.ancestor.request_id == known


@settings(max_examples=25)  # each seals a ledger
@given(records)
@example([{**dict.fromkeys(COLUMNS, "=1\0"), "AirDateTime": AIRTIMES[2], "Duration": 30}])
def test_json_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, spots: list[Record]
) -> None:
    folder = tmp_path_factory.mktemp("json")
    raws = [json.dumps(spot).encode() for spot in spots]
    checksum = sha256(b"day").hexdigest()
    assert Ledgers(folder).seal("day", *letters(raws, spots, checksum)) == checksum
    assert_same(back(sheet_of(folder)), spots, checksum)


@settings(max_examples=25)  # each seals two ledgers
@given(records)
def test_csv_comes_back_as_it_was_and_again_from_the_next_ledger(
    tmp_path_factory: pytest.TempPathFactory, given_: list[Record]
) -> None:
    spots = [
        {n: v.replace("\0", "0") if isinstance(v, str) else v for n, v in one.items()}
        for one in given_
    ]
    folder = tmp_path_factory.mktemp("csv")
    columns = tuple(reversed(spots[0]))
    raws = [row_of([str(spot[name]) for name in columns]) for spot in spots]
    checksum = sha256(b"day").hexdigest()
    Ledgers(folder).seal("day", *letters(raws, spots, checksum), columns=columns)
    first = back(sheet_of(folder))
    assert_same(first, spots, checksum)
    again = [
        DeadLetter(
            s.line, s.offset, "circuit_open", "", None, True, s.request_id, 1, s.raw, s.ancestor
        )
        for s in first
    ]
    header = survey(folder / "mend.csv").columns
    assert header[:6] == columns
    Ledgers(folder).seal("mend.csv", *again, ancestors=[checksum], columns=header)
    assert_same(back(sheet_of(folder, "second.csv")), spots, checksum)


def row_of(cells: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return text.getvalue().encode()


def test_equal_letters_give_equal_bytes(tmp_path: Path) -> None:
    spot = dict(zip(COLUMNS, ("SP1", "KABC", AIRTIMES[0], 30, "Acme"), strict=True))
    Ledgers(tmp_path).seal("day", *letters([json.dumps(spot).encode()], [spot], "ab" * 32))
    first = sheet_of(tmp_path).read_bytes()
    assert sheet_of(tmp_path).read_bytes() == first
    assert not list(tmp_path.glob("*.draft"))


def test_only_so_many_columns_are_carried_along(tmp_path: Path) -> None:
    spot = dict(zip(COLUMNS, ("SP1", "KABC", AIRTIMES[0], 30, "Acme"), strict=True))
    rows = [{f"c{i}-{j}": "x" for j in range(80)} | spot for i in range(3)]
    raws = [json.dumps(row).encode() for row in rows]
    Ledgers(tmp_path).seal("day", *letters(raws, rows, "ab" * 32))
    columns = survey(sheet_of(tmp_path)).columns
    assert len(columns) == 100 + len(ADDED)
    assert set(COLUMNS) <= set(columns)


HARD_NAMES = ["=1+1", " SpotID ", "SpotID\n", "AvstarSeal ", "n" * 5000, "n" * 5001, "\0", "'x"]


def test_names_of_fields_are_no_formulas_and_come_back_as_a_header(tmp_path: Path) -> None:
    spot = dict(zip(COLUMNS, ("SP1", "KABC", AIRTIMES[0], 30, "Acme"), strict=True))
    record = {**spot, **{name: f"v{i}" for i, name in enumerate(HARD_NAMES)}}
    Ledgers(tmp_path).seal("day", *letters([json.dumps(record).encode()], [record], "ab" * 32))
    path = sheet_of(tmp_path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, cells = csv.reader(file)
    carried = header[len(COLUMNS) : -len(ADDED)]
    assert carried[:4] == ["'=1+1", "SpotID (2)", "SpotID (3)", "AvstarSeal (2)"]
    assert carried[4:] == ["n" * 100, f"{'n' * 100} (2)", "", "''x"]
    assert cells[len(COLUMNS) : -len(ADDED)] == [f"v{i}" for i in range(len(HARD_NAMES))]
    assert survey(path).columns == tuple(header)
    letter = letters([json.dumps(record).encode()], [record], "ab" * 32)[0]
    raw = path.read_bytes().splitlines()[1]
    Ledgers(tmp_path / "next").seal("mend.csv", letter._replace(raw=raw), columns=tuple(header))
    with sheet_of(tmp_path / "next").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == header


def test_the_longest_header_can_be_read_back(tmp_path: Path) -> None:
    spot = dict(zip(COLUMNS, ("SP1", "KABC", AIRTIMES[0], 30, "Acme"), strict=True))
    record = spot | {str(i) + "\U0001f600" * 200: "x" for i in range(200)}
    Ledgers(tmp_path).seal("day", *letters([json.dumps(record).encode()], [record], "ab" * 32))
    assert len(survey(sheet_of(tmp_path)).columns) == 100 + len(ADDED)


def test_a_column_that_an_export_names_twice_keeps_both_values(tmp_path: Path) -> None:
    spot = dict(zip(COLUMNS, ("SP1", "KABC", AIRTIMES[0], "30", "Acme"), strict=True))
    columns = (*COLUMNS, "Note", "Note", "")
    raw = row_of([*spot.values(), "one", "two", "three"])
    Ledgers(tmp_path).seal("day", *letters([raw], [spot], "ab" * 32), columns=columns)
    with sheet_of(tmp_path).open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["Note"], row["Note (2)"], row[""]) == ("one", "two", "three")
