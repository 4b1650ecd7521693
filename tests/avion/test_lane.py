import gzip
import json
import os
from dataclasses import replace
from itertools import pairwise

import pytest
from backports import zstd

from connectors.avion import read_lines, survey
from connectors.avion.lane import Lane, Position
from connectors.avion.survey import LANES
from connectors.errors import HaltedError
from connectors.records import Split

LIMIT = 4096


@pytest.fixture
def lane():
    """Build lanes that are closed with the test."""
    built = []

    def build(exports, index=0, positions=None):
        given = dict(positions or {})
        built.append(Lane(index, exports, given, line_limit=LIMIT))
        return built[-1]

    yield build
    for one in built:
        one.close()


@pytest.fixture
def exports(write, spot, to_ndjson, to_csv, small_blocks):
    """One export of each kind that a night may bring."""
    many = [spot(i) for i in range(60)]
    quoted = [spot(i, ClientName='a\n"b"\r\n' * (i % 3)) for i in range(40)]
    blanks = to_ndjson(many[:10]).replace(b"\n", b"\r\n\n \n")
    texts = {
        "many.ndjson": to_ndjson(many),
        "quoted.csv": to_csv(quoted),
        "blanks.ndjson": b"\n" * 300 + blanks + b"\n" * 700,
        "open.ndjson": b"\xef\xbb\xbf" + to_ndjson(many[:3]).rstrip(),
        "long.csv": to_csv(many[:5]) + b"x" * 6000 + b"\n" + b"SP1,\xff\n" + b'"never closed\n',
        "empty.csv": b"",
        "many.ndjson.gz": gzip.compress(to_ndjson(many[:30])) + gzip.compress(to_ndjson(many[30:])),
        "quoted.csv.zst": zstd.compress(to_csv(quoted)),
        "many.json": json.dumps(many, indent=1).encode() + b"\n",
        "one-line.json.gz": gzip.compress(b" \n" + json.dumps(many).encode()),
    }
    return {
        name: survey(write(name, text), line_limit=LIMIT, split_bytes=1 << 20)
        for name, text in texts.items()
    }


def drain(lane, count):
    found = []
    while (batch := lane.read(count)) is not None:
        found.append(batch)
    return found


NAMES = ["many.ndjson", "quoted.csv", "blanks.ndjson", "open.ndjson", "long.csv", "empty.csv"]
NAMES += ["many.ndjson.gz", "quoted.csv.zst", "many.json", "one-line.json.gz"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 7, 5000])
def test_the_batches_together_are_the_export(lane, exports, name, count):
    export = exports[name]
    found = drain(lane([export]), count)
    assert [line for batch in found for line in batch] == list(read_lines(export, line_limit=LIMIT))
    assert all(len(batch) <= count for batch in found)
    assert sum(map(len, found)) == export.records


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [7, 25])
def test_batches_filled_from_several_blocks_are_the_export_too(lane, exports, name, count):
    export = exports[name]
    filling = lane([export])
    found = []
    while (batch := filling.read(count)) is not None:
        found.append(batch)
        positions = dict(filling.positions)
        read = sum(map(len, found))
        again = drain(lane([export], positions=positions), count)
        whole = [line for one in (*found, *again) for line in one]
        assert whole == list(read_lines(export, line_limit=LIMIT)), read
    assert all(before.span.end <= after.span.start for before, after in pairwise(found))
    assert all(len(batch) <= count for batch in found)


def test_what_cannot_be_joined_comes_behind_what_is_left_of_a_batch(lane, write, spot, to_ndjson):
    rows = to_ndjson([spot(i) for i in range(4)]).splitlines(keepends=True)
    text = rows[0] + b"\n" * 9 + rows[1] + rows[2] + b"x" * (LIMIT + 9) + b"\n" + rows[3]
    export = survey(write("gaps.ndjson", text), line_limit=LIMIT)

    found = drain(lane([export]), 5)

    lines = [line for batch in found for line in batch]
    assert lines == list(read_lines(export, line_limit=LIMIT))
    assert len(lines) == export.records == 5


def test_a_batch_has_as_many_records_as_it_must_wherever_blocks_end(lane, exports, small_blocks):
    export = exports["many.ndjson"]
    assert export.size > 10 * small_blocks

    found = drain(lane([export]), 25)

    assert [len(batch) for batch in found] == [25, 25, 10]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 7])
def test_a_lane_built_from_any_position_reads_exactly_the_rest(lane, exports, name, count):
    export = exports[name]
    whole = list(read_lines(export, line_limit=LIMIT))
    first, read = lane([export]), 0
    while (batch := first.read(count)) is not None:
        read += len(batch)
        again = lane([export], positions=first.positions)
        rest = [line for batch in drain(again, 11) for line in batch]
        assert rest == whole[read:]
    assert read == len(whole)


@pytest.mark.parametrize("name", ["many.ndjson", "quoted.csv", "open.ndjson"])
def test_the_spans_follow_each_other_from_the_first_byte_to_the_last(lane, exports, name):
    export = exports[name]
    text = export.path.read_bytes()
    spans = [batch.span for batch in drain(lane([export]), 4)]
    assert spans[0].start == export.splits[0].start
    assert spans[-1].end == export.size
    assert all(before.end == after.start for before, after in pairwise(spans))
    for span in spans[:-1]:
        assert span.line == text.count(b"\n", 0, span.end) + 1
    assert {span[:3] for span in spans} == {(export.key, export.checksum, "lane-0")}


@pytest.mark.parametrize("name", NAMES)
def test_the_position_is_where_the_last_batch_ends(lane, exports, name):
    export = exports[name]
    reading = lane([export])
    while (batch := reading.read(3)) is not None:
        [(offset, line, _)] = reading.positions.values()
        assert (offset, line) == (batch.span.end, batch.span.line) or name == "blanks.ndjson"
    [position] = reading.positions.values()
    assert position.done
    assert position.offset == export.splits[-1].end


def test_the_end_of_the_split_is_known_with_its_last_batch(lane, exports):
    export = exports["many.ndjson"]
    reading = lane([export])
    while not reading.positions or not reading.positions[export.checksum].done:
        assert reading.read(7) is not None
    assert reading.read(7) is None


def test_exports_are_read_one_after_another(lane, exports):
    two = [exports["quoted.csv"], exports["many.ndjson"]]
    keys = [batch.span.export for batch in drain(lane(two), 10)]
    assert keys == sorted(keys, key=[export.key for export in two].index)
    assert set(keys) == {export.key for export in two}


def test_a_lane_goes_on_in_the_midst_of_several_exports(lane, exports):
    several = list(exports.values())
    whole = [(b.span.export, line) for b in drain(lane(several), 9) for line in b]
    first, read = lane(several), 0
    while (batch := first.read(9)) is not None:
        read += len(batch)
        rest = drain(lane(several, positions=first.positions), 9)
        assert [(b.span.export, line) for b in rest for line in b] == whole[read:]


def test_an_export_without_records_has_one_empty_batch(lane, exports):
    export = exports["empty.csv"]
    [batch] = drain(lane([export]), 5)
    assert list(batch) == []
    assert batch.span == (export.key, export.checksum, "lane-0", 0, 0, 1)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ndjson", b""),
        ("a.ndjson", b"\n\n"),
        ("a.ndjson", b"\xef\xbb\xbf"),
        ("a.csv", b"SpotID,StationCode,AirDateTime,Duration,ClientName\n"),
        ("a.csv", b"SpotID,StationCode,AirDateTime,Duration,ClientName"),
        ("a.csv", b"SpotID,StationCode,AirDateTime,Duration,ClientName\r\n\r\n"),
    ],
)
def test_every_export_without_records_is_accounted_for_once(write, lane, name, data):
    export = survey(write(name, data))
    reading = lane([export])
    assert [len(batch) for batch in drain(reading, 5)] == [0]
    assert drain(lane([export], positions=reading.positions), 5) == []


def test_one_that_holds_the_same_nothing_is_accounted_for_as_well(write, lane):
    one, other = survey(write("a.ndjson", b"")), survey(write("b.ndjson", b""))
    reading = lane([one])
    drain(reading, 5)
    [batch] = drain(lane([other], positions=reading.positions), 5)
    assert batch.span.export == other.key


def test_only_the_first_lane_accounts_for_an_export_without_records(lane, exports):
    for index in range(1, LANES):
        assert drain(lane([exports["empty.csv"]], index), 5) == []


def test_blank_lines_alone_make_no_batch_beyond_the_first(lane, exports):
    sizes = [len(batch) for batch in drain(lane([exports["blanks.ndjson"]]), 5)]
    assert all(sizes[1:])
    assert sum(sizes) == 10


def test_each_lane_reads_its_own_split(lane, write, spot, to_ndjson, small_blocks):
    export = survey(write("a.ndjson", to_ndjson([spot(i) for i in range(500)])), split_bytes=1)
    found = []
    for index in range(LANES):
        batches = drain(lane([export], index), 13)
        assert {batch.span.lane for batch in batches} == {f"lane-{index}"}
        assert batches[0].span.start == export.splits[index].start
        assert batches[-1].span.end == export.splits[index].end
        found += [line for batch in batches for line in batch]
    assert found == list(read_lines(export))


def test_what_is_done_is_not_read_again(lane, exports):
    export = exports["many.ndjson"]
    done = {export.checksum: Position(export.size, 61, done=True)}
    assert drain(lane([export], positions=done), 5) == []


def test_the_position_in_an_unfinished_export_is_kept_until_it_is_asked_for_again(lane, exports):
    one, other = exports["many.ndjson"], exports["quoted.csv"]
    first = lane([one])
    begun = first.read(10)
    second = lane([other], positions=first.positions)
    drain(second, 10)
    third = lane([one], positions=second.positions)
    rest = [line for batch in drain(third, 10) for line in batch]
    assert [*begun, *rest] == list(read_lines(one))


def test_a_finished_export_nobody_asks_for_is_forgotten(lane, exports):
    one, other = exports["many.ndjson"], exports["quoted.csv"]
    first = lane([one])
    drain(first, 100)
    assert set(lane([other], positions=first.positions).positions) == set()


def test_a_file_cut_after_the_survey_halts_the_run(lane, exports):
    export = exports["many.ndjson"]
    os.truncate(export.path, export.size // 2)
    with pytest.raises(HaltedError, match="it was cut while it was read"):
        drain(lane([export]), 5)


def test_a_file_gone_after_the_survey_halts_the_run(lane, exports):
    export = replace(exports["many.ndjson"], path=exports["many.ndjson"].path / "gone")
    with pytest.raises(HaltedError, match="cannot be read any more: Not a directory"):
        lane([export]).read(5)


def test_closing_in_the_middle_leaves_the_position(lane, exports):
    export = exports["many.ndjson"]
    reading = lane([export])
    batch = reading.read(5)
    reading.close()
    reading.close()
    assert reading.positions[export.checksum].offset == batch.span.end


def test_an_export_is_confirmed_behind_each_batch_before_that_leaves(lane, exports):
    export, confirmed = exports["many.ndjson"], []
    reading = Lane(0, [export], {}, line_limit=LIMIT, confirm=confirmed.append)
    batches = drain(reading, 7)
    assert len(batches) > 3
    assert confirmed == [export] * len(batches)


def test_a_batch_of_an_export_that_is_not_confirmed_does_not_leave(lane, exports):
    def refuse(export):
        raise HaltedError(f"{export.key} changed")

    reading = Lane(0, [exports["many.ndjson"]], {}, line_limit=LIMIT, confirm=refuse)
    with pytest.raises(HaltedError, match="changed"):
        reading.read(5)
    assert reading.positions == {}
    reading.close()


def test_what_became_of_a_cut_file_is_told_rather_than_that_it_ended(lane, exports):
    export = exports["many.ndjson"]

    def refuse(_export):
        raise HaltedError("it is cut, put it back")

    reading = Lane(0, [export], {}, line_limit=LIMIT, confirm=refuse)
    os.truncate(export.path, export.size // 2)
    with pytest.raises(HaltedError, match="it is cut, put it back"):
        drain(reading, 1)
    reading.close()


@pytest.mark.parametrize("side", ["before", "behind"])
def test_a_position_outside_of_the_split_halts_the_run(
    lane, write, spot, to_ndjson, small_blocks, side
):
    export = survey(write("a.ndjson", to_ndjson([spot(i) for i in range(500)])), split_bytes=1)
    split = export.splits[1]
    place = split.start - 1 if side == "before" else split.end + 1
    with pytest.raises(HaltedError) as caught:
        lane([export], 1, {export.checksum: Position(place, 9, done=False)}).read(5)
    words = f"lane-1 stands at byte {place:,} of {export.path}, outside of what it has to read"
    assert words in str(caught.value)


def test_splits_that_begin_later_are_read_from_there(lane, exports):
    export = exports["quoted.csv"]
    begun = lane([export])
    first = begun.read(11)
    position = begun.positions[export.checksum]
    left = replace(export, splits=(Split(position.offset, export.size, position.line),))
    rest = [line for batch in drain(lane([left]), 4) for line in batch]
    assert [*first, *rest] == list(read_lines(export, line_limit=LIMIT))


@pytest.mark.parametrize("name", ["many.ndjson", "blanks.ndjson"])
def test_of_a_split_that_is_empty_one_empty_batch_comes_to_account_with(lane, exports, name):
    export = exports[name]
    end = replace(export, splits=(Split(export.size, export.size, 1001),))
    [batch] = drain(lane([end]), 5)
    assert (len(batch), batch.span.end, batch.span.line) == (0, export.size, 1001)
