"""Delivery inside real dataflows."""

import asyncio
import gc

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from connectors.avstar import AvstarSettings, Rate, StaticToken, deliver, operators
from connectors.errors import HaltedError, RefusedError, StoppedError
from connectors.loop import event_loop
from connectors.records import Batch, Span
from tests.avstar.seen import Seen
from tests.avstar.talks import descriptors

PLENTY = ("--rate", "100000/1")


def batch_of(spots, number=0):
    return Batch(Span("x.json", "ab" * 32, "lane-0", number, number + 1, number), spots)


def settings_of(url, **settings):
    return AvstarSettings(
        api_url=url,
        **{"rate": Rate(10_000, 0.1), "backoff_base": 0.001, "backoff_max": 0.01, **settings},
    )


def delivering(source, settings, efforts=None, **options):
    """Build a dataflow that delivers, and give it with what comes out of it."""
    receipts, letters = [], []
    flow = Dataflow("test")
    batches = op.input("in", flow, TestingSource(source))
    token = StaticToken(options.pop("token", "sandbox"))
    out = deliver("deliver", batches, settings=settings, token=token, **options)
    op.output("receipts", out.receipts, TestingSink(receipts))
    op.output("dead_letters", out.dead_letters, TestingSink(letters))
    op.output("efforts", out.efforts, TestingSink(efforts if efforts is not None else []))
    return flow, receipts, letters


def root_of(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return error


@pytest.fixture
def recovery(tmp_path):
    init_db_dir(tmp_path, 1)
    return RecoveryConfig(tmp_path)


def test_every_spot_leaves_as_a_receipt_or_a_dead_letter(sandbox_process, spots):
    api, many = sandbox_process(*PLENTY), spots(40)
    many[7] = many[7]._replace(duration=0)
    source = [batch_of(many[:10], 0), batch_of(many[10:11], 1), batch_of(many[11:], 2)]
    flow, receipts, letters = delivering(source, settings_of(api.url))

    run_main(flow)

    assert [batch.span for batch in receipts] == [batch.span for batch in source]
    assert [batch.span for batch in letters] == [batch.span for batch in source]
    assert [len(batch) for batch in receipts] == [9, 1, 29]
    assert [[letter.line for letter in batch] for batch in letters] == [[8], [], []]
    delivered = [receipt.spot_id for batch in receipts for receipt in batch]
    assert delivered == [spot.spot_id for spot in many if spot.duration]
    assert sorted(spot["spot_id"] for spot in api.spots()) == sorted(delivered)


def test_every_batch_tells_its_effort(sandbox_process, spots):
    api, many, efforts = sandbox_process(*PLENTY, "--fault", "expired=1"), spots(12), []
    source = [batch_of(many[:5], 0), batch_of([], 1), batch_of(many[5:], 2)]
    flow, receipts, _ = delivering(source, settings_of(api.url), efforts)

    run_main(flow)

    assert [effort.span for effort in efforts] == [batch.span for batch in source]
    assert [effort.spots for effort in efforts] == [5, 0, 7]
    assert [effort.attempts for effort in efforts] == [
        sum(one.attempts for one in batch) for batch in receipts
    ]
    assert sum(effort.attempts for effort in efforts) == api.stats()["requests"] == 24
    assert [bool(effort.token_renewals) for effort in efforts] == [True, False, True]


def test_an_empty_batch_keeps_its_place(sandbox_process, spots):
    api = sandbox_process(*PLENTY)
    flow, receipts, letters = delivering(
        [batch_of([]), batch_of(spots(1), 1)], settings_of(api.url)
    )

    run_main(flow)

    assert [(batch.span.start, len(batch)) for batch in receipts] == [(0, 0), (1, 1)]
    assert [len(batch) for batch in letters] == [0, 0]


@pytest.mark.parametrize("workers", [1, 2])
def test_three_lanes_share_the_spots_and_the_quota(sandbox_process, spots, workers):
    api, many = sandbox_process("--rate", "60/0.3"), spots(90)
    source = [batch_of(many[:50], 0), batch_of(many[50:], 1)]
    settings = settings_of(api.url, rate=Rate(60, 0.3))
    flow, receipts, letters = delivering(source, settings, lanes=3)

    cluster_main(flow, [], 0, worker_count_per_proc=workers)

    assert sorted(one.spot_id for batch in receipts for one in batch) == sorted(
        spot.spot_id for spot in many
    )
    assert sorted(batch.span.start for batch in receipts) == [0, 0, 0, 1, 1, 1]
    assert [len(batch) for batch in letters] == [0] * 6
    assert api.stats()["throttled"] == 0


def test_a_spot_always_takes_the_same_lane(spots):
    first = operators._divide(batch_of(spots(30)), 3)
    again = operators._divide(batch_of(spots(60)), 3)

    lanes = {spot: lane for lane, batch in again for spot in batch}
    assert [lane for lane, _ in first] == ["lane-0", "lane-1", "lane-2"]
    assert all(lanes[spot] == lane for lane, batch in first for spot in batch)
    assert all(len(batch) for _, batch in first)


def test_more_lanes_than_requests_are_refused(spots):
    settings = settings_of("http://localhost:1", rate=Rate(2, 1))
    flow, _, _ = delivering([batch_of(spots(3))], settings, lanes=3)

    with pytest.raises((BytewaxRuntimeError, RefusedError)) as failure:
        run_main(flow)
    assert isinstance(root_of(failure.value), RefusedError)


def test_a_wrong_address_halts_the_dataflow_and_nothing_leaves_it(sandbox_process, spots):
    api = sandbox_process(*PLENTY)
    flow, receipts, letters = delivering([batch_of(spots(5))], settings_of(f"{api.url}/nowhere"))

    with pytest.raises(BytewaxRuntimeError) as failure:
        run_main(flow)

    assert isinstance(root_of(failure.value), HaltedError)
    assert (receipts, letters) == ([], [])


def test_a_lane_knows_after_a_resume_that_the_address_was_right(sandbox_process, spots, recovery):
    api, many = sandbox_process(*PLENTY), spots(2)
    first, second = batch_of(many[:1], 0), batch_of(many[1:], 1)
    flow, _, _ = delivering([first, TestingSource.EOF()], settings_of(api.url))
    run_main(flow, recovery_config=recovery)

    flow, receipts, letters = delivering(
        [first, TestingSource.EOF(), second], settings_of(f"{api.url}/nowhere")
    )
    run_main(flow, recovery_config=recovery)

    assert [len(batch) for batch in receipts] == [0]
    assert [[one.reason for one in batch] for batch in letters] == [["rejected"]]


def test_a_resume_repeats_at_most_the_last_batch_and_schedules_nothing_twice(
    sandbox_process, spots, recovery
):
    api, many = sandbox_process(*PLENTY), spots(30)
    source = [batch_of(many[i : i + 10], i) for i in (0, 10, 20)]
    source.insert(2, TestingSource.ABORT())
    flow, receipts, _ = delivering(source, settings_of(api.url))
    run_main(flow, recovery_config=recovery)
    run_main(flow, recovery_config=recovery)

    assert {one.spot_id for batch in receipts for one in batch} == {one.spot_id for one in many}
    assert len(api.spots()) == 30


def test_what_an_abort_leaves_open_is_closed(sandbox_process, spots):
    api = sandbox_process(*PLENTY)
    run_main(delivering([batch_of(spots(1))], settings_of(api.url))[0])
    before = descriptors()
    source = [batch_of(spots(9)), TestingSource.ABORT()]
    run_main(delivering(source, settings_of(api.url))[0])
    gc.collect()
    event_loop().run(asyncio.sleep(0.1))  # until they are closed

    assert descriptors() == before


def test_a_snapshot_of_another_version_is_refused(sandbox_process, spots, recovery, monkeypatch):
    api = sandbox_process(*PLENTY)
    source = [batch_of(spots(1)), TestingSource.EOF(), batch_of(spots(1))]
    with monkeypatch.context() as other_version:
        other_version.setattr(operators, "STATE_VERSION", 2)
        run_main(delivering(source, settings_of(api.url))[0], recovery_config=recovery)

    with pytest.raises((BytewaxRuntimeError, HaltedError)) as failure:
        run_main(delivering(source, settings_of(api.url))[0], recovery_config=recovery)

    assert isinstance(root_of(failure.value), HaltedError)
    assert "another version" in str(root_of(failure.value))


def test_the_snapshot_is_the_version_and_whether_anything_was_accepted(sandbox_process, spots):
    def new_delivery():
        raise AssertionError

    assert operators._DeliveryLane(new_delivery, proven=False).snapshot() == (1, False)
    assert operators._DeliveryLane(new_delivery, proven=True).snapshot() == (1, True)


def test_the_wish_to_stop_and_the_watch_reach_the_delivery(sandbox_process, spots):
    api, seen = sandbox_process(*PLENTY, "--fault", "slow=1:30"), Seen()
    settings = settings_of(api.url, drain_seconds=0.2)
    flow, receipts, _ = delivering(
        [batch_of(spots(3))],
        settings,
        stopping=lambda: True,
        watch=seen,
    )

    with pytest.raises(BytewaxRuntimeError) as failure:
        run_main(flow)
    assert isinstance(root_of(failure.value), StoppedError)
    assert (receipts, seen.settled_spots) == ([], [])
    assert len(seen.left_spots) == 3

    api.faults({})
    flow, receipts, _ = delivering([batch_of(spots(3))], settings, watch=seen)
    run_main(flow)

    assert sorted(one for _, one in seen.settled_spots) == sorted(receipts[0])
    assert {trail.export for trail, _ in seen.settled_spots} == {batch_of([]).span.export}
