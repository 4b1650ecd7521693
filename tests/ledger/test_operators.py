import gc
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, run_main

from connectors.effort import Effort
from connectors.errors import HaltedError
from connectors.ledger import (
    Manifest,
    read_checkpoint,
    read_manifest,
    record,
    write_origin,
)
from connectors.ledger.operators import STATE_VERSION, _resumed
from connectors.records import Batch, DeadLetter, Export, Receipt, Span, Split, Tally

# A crash leaves files open, within the test's own process too.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _swept() -> Iterator[None]:
    """Let what a crash left open be found here, and not in the test of somebody else."""
    yield
    gc.collect()


ABORT, EOF = TestingSource.ABORT, TestingSource.EOF
RECORDS = 12
PER_BATCH = 3
AT_ONCE = timedelta(0)
NEVER = timedelta(days=1)


def export(name: str = "day.ndjson", checksum: str = "ab" * 32, records: int = RECORDS) -> Export:
    return Export(Path(name), "ndjson", checksum, records, records, (Split(0, records, 1),))


DAY = export()


def batch(first: int, of: Export = DAY) -> list[Any]:
    """Entries of a batch of three records, the last of them bad."""
    span = Span(of.key, of.checksum, "lane-0", first, first + PER_BATCH, first + PER_BATCH + 1)
    receipts = [
        Receipt(n, n, f"SP{n}", "K", "t", "f" * 32, "accepted", 201, 1, "now", 30, "Acme", b"raw")
        for n in (first + 1, first + 2)
    ]
    letter = DeadLetter(first + 3, first + 3, "schema", "", None, False, None, 0, b"raw")
    return [Tally(span, 3, 2, 0), Batch(span, receipts), Batch(span, [letter])]


def batches(of: Export = DAY) -> list[list[Any]]:
    """All entries, one list a batch: what an epoch carries."""
    return [batch(first, of) for first in range(0, RECORDS, PER_BATCH)]


class Place:
    """A ledger flow over given epochs, and the folders it works in."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        self.store = folder / "state"
        self.store.mkdir()
        init_db_dir(self.store, 1)
        self.recovery = RecoveryConfig(self.store, AT_ONCE)
        self.sealed: list[Manifest] = []

    def flow(
        self, epochs: Iterable[Any], *exports: Export, efforts: bool = False, **settings: Any
    ) -> Dataflow:
        flow = Dataflow("ledgers")
        source = op.input("in", flow, TestingSource(epochs, batch_size=1))
        entries = op.flatten("entries", source)
        tallies = op.filter("tallies", entries, lambda entry: isinstance(entry, Tally))
        receipts = op.filter("receipts", entries, lambda entry: _holds(entry, Receipt))
        letters = op.filter("letters", entries, lambda entry: _holds(entry, DeadLetter))
        known = exports or (DAY,)
        if efforts:
            told = op.filter("efforts", entries, lambda entry: isinstance(entry, Effort))
            settings["efforts"] = told
        kept = record("ledger", tallies, receipts, letters, out=self.out, exports=known, **settings)
        op.output("out", kept, TestingSink(self.sealed))
        return flow

    def run(self, flow: Dataflow, interval: timedelta = AT_ONCE) -> None:
        run_main(flow, epoch_interval=interval, recovery_config=self.recovery)

    def lines(self, of: Export = DAY) -> list[int]:
        files = (self.out / of.key / name for name in ("receipts.ndjson", "dead-letters.ndjson"))
        rows = [json.loads(row) for file in files for row in file.read_bytes().splitlines()]
        return sorted(row["line"] for row in rows)


def _holds(entry: Any, kind: type) -> bool:
    return isinstance(entry, Batch) and any(isinstance(one, kind) for one in entry)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


ALL = list(range(1, RECORDS + 1))


def test_every_record_is_written_once_and_the_ledger_sealed(place: Place) -> None:
    place.run(place.flow(batches()))
    assert place.lines() == ALL
    assert place.sealed == [read_manifest(place.out / DAY.key)]
    assert place.sealed[0].reconciled
    assert (place.sealed[0].accepted, place.sealed[0].rejected_records) == (8, 4)


def test_each_export_has_a_ledger_of_its_own(place: Place) -> None:
    other = export("night.ndjson", "cd" * 32)
    mixed = [epoch for pair in zip(batches(), batches(other), strict=True) for epoch in pair]
    place.run(place.flow(mixed, DAY, other))
    assert place.lines(DAY) == place.lines(other) == ALL
    assert {manifest.export for manifest in place.sealed} == {"day.ndjson", "night.ndjson"}


@pytest.mark.parametrize("interval", [AT_ONCE, NEVER])
@pytest.mark.parametrize("crash", range(1, 4))
def test_a_crash_leaves_each_record_once(place: Place, crash: int, interval: timedelta) -> None:
    epochs = batches()
    epochs.insert(crash, ABORT())
    flow = place.flow(epochs)
    place.run(flow, interval)
    assert place.sealed == []
    place.run(flow, interval)
    assert place.lines() == ALL
    assert [manifest.reconciled for manifest in place.sealed] == [True]


@pytest.mark.parametrize("interval", [AT_ONCE, NEVER])
def test_crash_after_crash_leaves_each_record_once(place: Place, interval: timedelta) -> None:
    for crash in range(len(batches())):
        epochs = batches()
        epochs.insert(crash, ABORT())
        place.run(place.flow(epochs), interval)
    place.run(place.flow(batches()), interval)
    assert place.lines() == ALL
    assert [manifest.reconciled for manifest in place.sealed] == [True]


@pytest.mark.parametrize("interval", [AT_ONCE, NEVER])
def test_a_stop_keeps_the_ledger_open_until_the_rest_comes(
    place: Place, interval: timedelta
) -> None:
    epochs = batches()
    epochs.insert(2, EOF())
    flow = place.flow(epochs)
    place.run(flow, interval)
    found = read_checkpoint(place.out / DAY.key)
    assert found
    assert (found.settled, found.lanes) == (6, {"lane-0": {"offset": 6, "line": 7}})
    assert place.sealed == []
    place.run(flow, interval)
    assert place.lines() == ALL
    assert place.sealed[0].reconciled


def effort(first: int, spots: int = 2, of: Export = DAY) -> Effort:
    span = Span(of.key, of.checksum, "lane-0", first, first + PER_BATCH, first + PER_BATCH + 1)
    return Effort(span, spots, spots, 0, 1, 0, 0.5, 0.0, 0, 0.0)


@pytest.mark.parametrize("interval", [AT_ONCE, NEVER])
@pytest.mark.parametrize("crash", range(1, 4))
def test_efforts_are_added_up_once_whatever_crashes(
    place: Place, crash: int, interval: timedelta
) -> None:
    epochs: list[Any] = [
        [*epoch, effort(number * PER_BATCH)] for number, epoch in enumerate(batches())
    ]
    epochs.insert(crash, ABORT())
    flow = place.flow(epochs, efforts=True)
    place.run(flow, interval)
    place.run(flow, interval)
    [sealed] = place.sealed
    assert (sealed.throttled, sealed.paused_seconds, sealed.attempts) == (4, 2.0, 8)


def test_the_ledger_waits_for_the_effort_of_every_spot_and_for_no_other(place: Place) -> None:
    late = [*batches(), [effort(0, 6)], [effort(3, 2)], [effort(9, 0)]]
    run_main(place.flow(late, efforts=True))
    assert [(one.throttled, one.reconciled) for one in place.sealed] == [(2, True)]


def test_an_exception_in_the_middle_leaves_each_record_once(place: Place) -> None:
    failing = [True]

    def trip(entry: Any) -> Any:
        if failing and entry.span.start == 2 * PER_BATCH and isinstance(entry, Batch):
            failing.clear()
            raise OSError("no space left")
        return entry

    def flow() -> Dataflow:
        return place.flow([map(trip, epoch) for epoch in batches()])

    with pytest.raises(BytewaxRuntimeError):
        place.run(flow())
    assert place.sealed == []
    place.run(flow())
    assert place.lines() == ALL
    assert place.sealed[0].reconciled


def test_a_sealed_ledger_stays_as_it_is_when_the_flow_runs_again(place: Place) -> None:
    flow = place.flow(batches())
    place.run(flow)
    before = (place.out / DAY.key / "manifest.json").read_bytes()
    place.run(flow)
    assert (place.out / DAY.key / "manifest.json").read_bytes() == before
    assert len(place.sealed) == 1


def test_a_lost_state_does_not_overwrite_a_sealed_ledger(place: Place) -> None:
    run_main(place.flow(batches()))
    with pytest.raises(BytewaxRuntimeError) as caught:
        run_main(place.flow(batches()))
    assert "sealed already" in str(_root(caught.value))
    assert place.lines() == ALL


def test_checking_alone_waits_for_no_receipts(place: Place) -> None:
    entries = [[e for e in epoch if not _holds(e, Receipt)] for epoch in batches()]
    run_main(place.flow(entries, mode="validate-only"))
    assert place.lines() == [3, 6, 9, 12]
    assert (place.sealed[0].mode, place.sealed[0].reconciled) == ("validate-only", True)


def test_an_export_without_a_record_is_sealed_by_its_empty_tally(place: Place) -> None:
    empty = export(records=0)
    span = Span(empty.key, empty.checksum, "lane-0", 0, 0, 1)
    place.run(place.flow([[Tally(span, 0, 0, 0)]], empty))
    assert place.sealed[0].reconciled
    assert place.lines(empty) == []


def test_the_stations_kept_stand_in_the_manifest_in_order(place: Place) -> None:
    place.run(place.flow(batches(), stations=("WXYZ", "KABC")))
    assert place.sealed[0].stations == ["KABC", "WXYZ"]


def test_records_of_an_unknown_export_halt_the_flow(place: Place) -> None:
    with pytest.raises(BytewaxRuntimeError) as caught:
        run_main(place.flow(batches(), export("night.ndjson", "cd" * 32)))
    assert f"records of {DAY.key} arrived" in str(_root(caught.value))


@pytest.mark.parametrize("state", ["text", (STATE_VERSION + 1, None), (0, ())])
def test_a_snapshot_of_another_version_halts_the_flow(state: Any) -> None:
    with pytest.raises(HaltedError, match="another version"):
        _resumed(state)


def test_no_snapshot_and_an_empty_one_begin_anew() -> None:
    assert _resumed(None) is None
    assert _resumed((STATE_VERSION, None)) is None


def _root(error: BaseException) -> BaseException:
    while error.__cause__:
        error = error.__cause__
    return error


def test_a_ledger_is_sealed_once_its_export_is_confirmed(place: Place) -> None:
    asked: list[Export] = []
    place.run(place.flow(batches(), confirm=asked.append))
    assert asked == [DAY]
    assert len(place.sealed) == 1


def test_one_whose_export_is_not_confirmed_stays_open_and_resumable(place: Place) -> None:
    def refuse(found: Export) -> None:
        raise HaltedError(f"{found.path} changed")

    with pytest.raises(BytewaxRuntimeError) as caught:
        place.run(place.flow(batches(), confirm=refuse))
    assert isinstance(caught.value.__cause__, HaltedError)
    assert read_manifest(place.out / DAY.key) is None
    place.run(place.flow(batches()))
    assert place.lines() == ALL


def test_without_a_snapshot_a_ledger_goes_on_at_its_origin(place: Place) -> None:
    half = batches()[:2]
    place.run(place.flow([*half, EOF()]))
    folder = place.out / DAY.key
    checkpoint = read_checkpoint(folder)
    assert checkpoint
    write_origin(folder, checkpoint)
    for part in place.store.iterdir():
        part.unlink()
    init_db_dir(place.store, 1)
    with (folder / "receipts.ndjson").open("ab") as file:
        file.write(b'{"torn": ')
    place.run(place.flow(batches()[2:]))
    assert place.lines() == ALL
    [sealed] = place.sealed
    assert sealed.started_at == checkpoint.started_at
    assert sealed.reconciled
