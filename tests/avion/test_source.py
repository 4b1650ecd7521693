import pickle
import pickletools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from connectors.avion import AvionSource, read_lines, survey
from connectors.errors import HaltedError, RefusedError
from connectors.stop import Stop


@pytest.fixture
def path(write, spot, to_ndjson):
    return write("a.ndjson", to_ndjson([spot(i) for i in range(200)]))


@pytest.fixture
def export(path, small_survey):
    return survey(path, split_bytes=1)


@pytest.fixture
def part():
    """Build partitions that are closed with the test."""
    built = []

    def build(source, name="lane-0", state=None):
        built.append(source.build_part("read", name, state))
        return built[-1]

    yield build
    for one in built:
        one.close()


def drain(*partitions):
    """Ask one partition after the other until all are at their end, as a worker does."""
    found, reading = [], list(partitions)
    while reading:
        for partition in list(reading):
            try:
                found += partition.next_batch()
            except StopIteration:
                reading.remove(partition)
    return found


def lines_of(batches):
    return [line for batch in batches for line in batch]


def test_the_partitions_are_storage_format():
    names = [f"lane-{i}" for i in range(8)]
    assert AvionSource().list_parts() == names
    assert AvionSource("a", "b", batch_records=1).list_parts() == names


def test_building_a_source_reads_nothing():
    AvionSource("/no/such/export.ndjson")


def test_an_export_that_cannot_be_used_is_refused_when_it_is_first_needed(part):
    with pytest.raises(RefusedError, match=r"/no/such/export\.ndjson cannot be read"):
        part(AvionSource("/no/such/export.ndjson"))


@pytest.mark.parametrize("kind", [str, lambda path: path, survey], ids=["str", "Path", "Export"])
def test_an_export_may_be_named_or_surveyed_before(part, path, kind):
    found = lines_of(drain(part(AvionSource(kind(path)))))
    assert found == list(read_lines(survey(path)))


def test_an_export_is_surveyed_once_for_all_partitions(part, path):
    source = AvionSource(path)
    first = part(source)
    drain(first)
    path.unlink()
    assert drain(part(source, "lane-1")) == []


def test_a_source_without_exports_has_nothing_to_read(part):
    assert drain(part(AvionSource())) == []


def test_all_partitions_together_read_the_whole_in_the_order_of_the_file(part, export):
    source = AvionSource(export)
    found = drain(*[part(source, name) for name in reversed(source.list_parts())])
    assert lines_of(found) == list(read_lines(export))


def test_a_worker_reads_one_lane_at_a_time(part, export):
    source = AvionSource(export, batch_records=10)
    first, second = part(source, "lane-0"), part(source, "lane-1")
    assert second.next_batch() == []
    [batch] = first.next_batch()
    assert len(batch) == 10
    assert second.next_batch() == []
    drain(first)
    [batch] = second.next_batch()
    assert batch.span.start == export.splits[1].start


def test_no_lane_waits_for_a_moment_of_a_clock_that_may_be_set_back(part, export):
    source = AvionSource(export)
    first, second = part(source, "lane-0"), part(source, "lane-1")
    for one in (first, second):
        assert one.next_awake() < datetime(1980, 1, 1, tzinfo=timezone.utc)


def test_a_lane_that_waits_hears_the_wish_to_stop(part, export):
    stop = Stop()
    source = AvionSource(export, stopping=stop)
    part(source, "lane-0")
    second = part(source, "lane-1")
    stop.request()
    with pytest.raises(StopIteration):
        second.next_batch()


def test_a_batch_has_no_more_records_than_allowed(part, path):
    sizes = [len(batch) for batch in drain(part(AvionSource(path, batch_records=30)))]
    assert max(sizes) <= 30
    assert sum(sizes) == 200


def test_the_workers_of_a_process_share_a_batchs_records(part, export):
    source = AvionSource(export, batch_records=20)
    mine = part(source, "lane-0")
    with ThreadPoolExecutor(1) as worker:
        theirs = worker.submit(part, source, "lane-1").result()
        [batch] = mine.next_batch()
        assert len(batch) == 10
        worker.submit(drain, theirs).result()
    [batch] = mine.next_batch()
    assert len(batch) > 10


def test_a_batch_has_a_record_even_if_there_are_more_workers_than_records(part, export):
    source = AvionSource(export, batch_records=1)
    mine = part(source, "lane-0")
    with ThreadPoolExecutor(1) as worker:
        worker.submit(part, source, "lane-1").result()
        [batch] = mine.next_batch()
    assert len(batch) == 1


def test_a_line_over_the_limit_is_known_to_survey_and_reader_alike(part, write):
    path = write("a.ndjson", b"{}\n" + b"x" * 5000 + b"\n{}\n")
    found = lines_of(drain(part(AvionSource(path, line_limit=2000))))
    assert [(line.number, line.length) for line in found] == [(1, 2), (2, 5000), (3, 2)]


@pytest.mark.parametrize("name", ["lane-0", "lane-3"])
def test_a_partition_built_from_any_snapshot_reads_exactly_the_rest(part, export, name):
    def again(state=None):
        return part(AvionSource(export, batch_records=10), name, state)

    whole = lines_of(drain(again()))
    first, read = again(), 0
    assert lines_of(drain(again(first.snapshot()))) == whole
    while read < len(whole):
        read += len(lines_of(first.next_batch()))
        state = pickle.loads(pickle.dumps(first.snapshot()))
        assert lines_of(drain(again(state))) == whole[read:]
    with pytest.raises(StopIteration):
        first.next_batch()


def test_a_snapshot_says_nothing_of_what_is_read_after_it(part, path):
    reading = part(AvionSource(path, batch_records=10))
    reading.next_batch()
    state = reading.snapshot()
    before = pickle.dumps(state)
    reading.next_batch()
    assert pickle.dumps(state) == before


def test_a_snapshot_is_version_and_positions(part, path):
    reading = part(AvionSource(path, batch_records=10))
    assert reading.snapshot() == (1, {})
    [batch] = reading.next_batch()
    assert reading.snapshot() == (1, {batch.span.checksum: (batch.span.end, 11, False)})


def test_a_snapshot_holds_no_class_that_could_be_renamed(part, path):
    reading = part(AvionSource(path))
    reading.next_batch()
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(pickle.dumps(reading.snapshot()))}
    assert not opcodes & {"GLOBAL", "STACK_GLOBAL", "REDUCE", "NEWOBJ", "BUILD", "INST", "OBJ"}


def test_a_snapshot_of_before_a_resume_still_counts_after_it(part, path):
    state = (1, {survey(path).checksum: (134, 2, False)})
    reading = part(AvionSource(path), state=state)
    assert reading.snapshot() == state
    assert drain(reading)[0].records[0].number == 2


@pytest.mark.parametrize("state", [(2, {}), (0, {}), {"lane": 5}, 17, [1, {}], ("1", {})])
def test_a_snapshot_of_another_version_halts_the_run(part, path, state):
    with pytest.raises(HaltedError) as caught:
        part(AvionSource(path), state=state)
    assert "the snapshot of lane-0 was written by another version" in str(caught.value)


def test_the_wish_to_stop_ends_the_input_before_the_next_batch(part, path):
    stop = Stop()
    reading = part(AvionSource(path, batch_records=10, stopping=stop))
    begun = lines_of(reading.next_batch())
    stop.request()
    with pytest.raises(StopIteration):
        reading.next_batch()
    rest = drain(part(AvionSource(path), state=reading.snapshot()))
    assert [*begun, *lines_of(rest)] == list(read_lines(survey(path)))


def test_a_slow_dataflow_gets_smaller_batches(part, path):
    reading = part(AvionSource(path, batch_seconds=0.0))
    assert [len(batch) for batch in drain(reading)][:3] == [64, 1, 1]


def test_what_opening_returns_is_read_and_it_is_asked_once_an_export(part, path, export):
    asked = []

    def later(given):
        asked.append(given.path)
        return replace(given, splits=given.splits[1:])

    source = AvionSource(export, path, opening=later)
    found = lines_of(drain(*[part(source, name) for name in source.list_parts()]))
    assert asked == [path, path]
    assert min(line.offset for line in found) == export.splits[1].start


def test_an_export_that_changed_since_its_survey_halts_the_run(part, path):
    source = AvionSource(survey(path), batch_records=10)
    reading = part(source)
    reading.next_batch()
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(HaltedError, match="has changed: the first difference lies between"):
        reading.next_batch()


def test_a_source_confirms_its_exports_to_others_too(path):
    source, export = AvionSource(path), survey(path)
    source.confirm(export)
    path.unlink()
    with pytest.raises(HaltedError, match="cannot be read any more"):
        source.confirm(export)
