"""The source in the engine: what it repeats after an abort, a stop and another worker count."""

from collections import Counter
from datetime import timedelta

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import AbortExecution, FixedPartitionedSource, StatefulSourcePartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, cluster_main, run_main

from connectors.avion import AvionSource, read_lines, survey
from connectors.stop import Stop

EACH_BATCH = timedelta(0)
RARELY = timedelta(seconds=10)


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    init_db_dir(folder, 2)
    return RecoveryConfig(str(folder), backup_interval=timedelta(0))


@pytest.fixture
def large(write, spot, to_csv, small_survey):
    """An export that all lanes read, its rows of one line and of several."""
    rows = [spot(i, ClientName='a\n"b"\n' * (i % 2)) for i in range(400)]
    export = survey(write("large.csv", to_csv(rows)), split_bytes=1)
    assert len(export.splits) >= 8
    return export


@pytest.fixture
def small(write, spot, to_ndjson):
    """An export that one lane reads."""
    return survey(write("small.ndjson", to_ndjson([spot(i) for i in range(100)])))


class Aborting(FixedPartitionedSource):
    """A source that aborts the run, as a crash does, when it is asked for one batch more."""

    def __init__(self, source, batches):
        self._source = source
        self._batches = batches

    def list_parts(self):
        return self._source.list_parts()

    def build_part(self, step_id, for_part, resume_state):
        return AbortingPartition(self, self._source.build_part(step_id, for_part, resume_state))

    def passed(self, found):
        if found and self._batches == 0:
            raise AbortExecution
        self._batches -= len(found)
        return found


class AbortingPartition(StatefulSourcePartition):
    def __init__(self, source, partition):
        self._source = source
        self._partition = partition
        self.next_awake = partition.next_awake
        self.close = partition.close

    def next_batch(self):
        return self._source.passed(self._partition.next_batch())

    def snapshot(self):
        return self._partition.snapshot()


def run(store, *exports, interval=EACH_BATCH, abort=None, stop=None, workers=1):
    """Run the exports through the engine and return what came out, as batches.

    `abort` and `stop` are the number of batches after which the run is to end that way.
    """
    out, stopping = [], Stop()

    def count(_step_id, _batch):
        if stop is not None and len(out) + 1 >= stop:
            stopping.request()

    if stop == 0:
        stopping.request()
    flow = Dataflow("test")
    source = AvionSource(*exports, batch_records=20, stopping=stopping)
    lines = op.input("read", flow, source if abort is None else Aborting(source, abort))
    op.output("out", op.inspect("count", lines, count), TestingSink(out))
    settings = {"epoch_interval": interval, "recovery_config": store}
    if workers == 1:
        run_main(flow, **settings)
    else:
        cluster_main(flow, [], 0, worker_count_per_proc=workers, **settings)
    return out


def records(batches):
    return Counter((batch.span.export, line) for batch in batches for line in batch)


def whole(*exports):
    return Counter((export.key, line) for export in exports for line in read_lines(export))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("interval", [EACH_BATCH, RARELY], ids=["0s", "10s"])
def test_one_run_reads_everything_once(store, large, small, workers, interval):
    out = run(store, large, small, workers=workers, interval=interval)
    assert records(out) == whole(large, small)


def test_exports_are_read_one_after_another_even_by_many_lanes(store, large, small):
    keys = [batch.span.export for batch in run(store, large, small)]
    assert keys == sorted(keys, key=[large.key, small.key].index)


def test_what_was_read_is_not_read_again(store, small):
    run(store, small)
    assert run(store, small) == []


@pytest.mark.parametrize("count", [0, 1, 2, 5, 17])
def test_an_abort_repeats_the_last_batch_of_each_lane_at_most(store, large, count):
    before = run(store, large, abort=count)
    after = run(store, large)
    assert set(records(before) + records(after)) == set(whole(large))
    repeated = records(before) & records(after)
    last = {batch.span.lane: batch for batch in before}
    assert repeated <= records(last.values())
    assert max(records(after).values()) == 1


def test_an_abort_before_the_first_snapshot_repeats_everything(store, large):
    before = run(store, large, interval=RARELY, abort=9)
    assert before
    assert records(run(store, large, interval=RARELY)) == whole(large)


def test_aborts_without_end_lose_nothing(store, small):
    found = Counter()
    for _ in range(20):
        found |= records(run(store, small, abort=1))
    assert found == whole(small)


@pytest.mark.parametrize("interval", [EACH_BATCH, RARELY], ids=["0s", "10s"])
@pytest.mark.parametrize("count", [0, 1, 9, 20])
def test_a_stop_repeats_nothing(store, large, small, interval, count):
    before = run(store, large, small, interval=interval, stop=count)
    assert sum(map(len, before)) < 500
    after = run(store, large, small, interval=interval)
    assert records(before) + records(after) == whole(large, small)


def test_many_stops_repeat_nothing(store, large):
    found = Counter()
    for _ in range(30):
        found += records(run(store, large, stop=1))
    found += records(run(store, large))
    assert found == whole(large)


@pytest.mark.parametrize("interval", [EACH_BATCH, RARELY], ids=["0s", "10s"])
@pytest.mark.parametrize("workers", [(1, 3, 1), (3, 1, 2), (2, 4, 3)], ids=repr)
def test_any_number_of_workers_goes_on_where_another_stopped(store, large, interval, workers):
    first, second, third = workers
    settings = {"interval": interval}
    out = run(store, large, workers=first, stop=7, **settings)
    out += run(store, large, workers=second, stop=7, **settings)
    assert 0 < sum(map(len, out)) < 400
    out += run(store, large, workers=third, **settings)
    assert records(out) == whole(large)


def test_an_export_added_to_a_stopped_run_is_read_too(store, large, small):
    out = run(store, small, stop=2)
    out += run(store, small, large)
    assert records(out) == whole(small, large)


def test_an_export_left_out_for_one_run_goes_on_in_the_next(store, large, small):
    out = run(store, small, stop=2)
    assert 0 < sum(map(len, out)) < 100
    assert records(run(store, large)) == whole(large)
    out += run(store, small)
    assert records(out) == whole(small)


def test_an_export_without_records_comes_as_one_empty_batch_once(store, write):
    export = survey(write("empty.ndjson", b""))
    [batch] = run(store, export)
    assert (list(batch), batch.span.export) == ([], export.key)
    assert run(store, export) == []


def test_flattened_batches_are_single_lines(small):
    out = []
    flow = Dataflow("test")
    lines = op.flatten("lines", op.input("read", flow, AvionSource(small)))
    op.output("out", lines, TestingSink(out))
    run_main(flow)
    assert out == list(read_lines(small))
