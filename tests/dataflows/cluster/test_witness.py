from collections.abc import Callable
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import (
    AbortExecution,
    FixedPartitionedSource,
    StatefulSourcePartition,
)
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main, run_main
from typing_extensions import override

from dataflows.cluster.witness import Witness


class Failing:
    """Fails where it is told to, and says where it came by."""

    def __init__(self, place: str = "", error: BaseException | None = None) -> None:
        self.place = place
        self.error = error or ValueError(place)
        self.passed: list[str] = []

    def at(self, place: str) -> None:
        self.passed.append(place)
        if place == self.place:
            raise self.error


class Source(FixedPartitionedSource[int, None]):
    def __init__(self, failing: Failing) -> None:
        self._failing = failing

    @override
    def list_parts(self) -> list[str]:
        self._failing.at("list_parts")
        return ["one"]

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "Partition":
        self._failing.at("build_part")
        return Partition(self._failing)


class Partition(StatefulSourcePartition[int, None]):
    def __init__(self, failing: Failing) -> None:
        self._failing = failing
        self._batches = iter([[1], [2]])

    @override
    def next_batch(self) -> list[int]:
        self._failing.at("next_batch")
        return next(self._batches)

    @override
    def snapshot(self) -> None:
        self._failing.at("source snapshot")


class Logic(StatefulBatchLogic[int, int, None]):
    def __init__(self, failing: Failing) -> None:
        self._failing = failing

    @override
    def on_batch(self, values: list[int]) -> tuple[list[int], bool]:
        self._failing.at("on_batch")
        return values, False

    @override
    def on_eof(self) -> tuple[list[int], bool]:
        self._failing.at("on_eof")
        return [], False

    @override
    def snapshot(self) -> None:
        self._failing.at("logic snapshot")


class Sink(DynamicSink[int]):
    def __init__(self, failing: Failing) -> None:
        self._failing = failing

    @override
    def build(self, step_id: str, worker_index: int, worker_count: int) -> "SinkPartition":
        self._failing.at("build")
        return SinkPartition(self._failing)


class SinkPartition(StatelessSinkPartition[int]):
    def __init__(self, failing: Failing) -> None:
        self._failing = failing

    @override
    def write_batch(self, items: list[int]) -> None:
        self._failing.at("write_batch")


def new_flow(failing: Failing) -> Dataflow:
    def passed(place: str) -> Callable[..., Any]:
        return lambda *args: (failing.at(place), args[-1])[-1]

    def new_logic(_state: None) -> Logic:
        failing.at("builder")
        return Logic(failing)

    flow = Dataflow("test")
    numbers = op.input("in", flow, Source(failing))
    numbers = op.inspect("look", numbers, lambda _step, _number: failing.at("inspector"))
    numbers = op.map("map", numbers, passed("mapper"))
    keyed = op.key_on("key", numbers, lambda _number: "all")
    kept = op.stateful_batch("keep", keyed, new_logic)
    op.output("out", op.map("value", kept, lambda pair: pair[1]), Sink(failing))
    return flow


PLACES = [
    *("list_parts", "build_part", "next_batch", "source snapshot"),
    *("inspector", "mapper", "builder", "on_batch", "on_eof", "logic snapshot"),
    *("build", "write_batch"),
]


@pytest.mark.parametrize("place", PLACES)
def test_an_error_is_seen_wherever_the_engine_calls(place: str, tmp_path: Any) -> None:
    failing, seen = Failing(place), []
    witness = Witness(seen.append)
    flow = new_flow(failing)
    witness.watch(flow)
    init_db_dir(tmp_path, 1)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever the engine makes of it
        run_main(flow, recovery_config=RecoveryConfig(tmp_path))
    assert witness.error is failing.error
    assert seen == [failing.error]


def test_a_dataflow_without_errors_runs_as_if_nobody_watched() -> None:
    failing, witness = Failing(), Witness()
    flow = new_flow(failing)
    witness.watch(flow)
    run_main(flow)
    assert witness.error is None
    assert failing.passed.count("write_batch") == 2


@pytest.mark.parametrize("word", [StopIteration(), AbortExecution()])
def test_words_to_the_engine_are_no_errors(word: BaseException) -> None:
    failing, witness = Failing("next_batch", word), Witness()
    flow = new_flow(failing)
    witness.watch(flow)
    run_main(flow)
    assert witness.error is None


def test_the_first_error_is_the_one() -> None:
    failing, witness = Failing("mapper"), Witness()
    flow = new_flow(failing)
    witness.watch(flow)
    for _ in range(2):
        with pytest.raises(BaseException):  # noqa: B017, PT011
            cluster_main(flow, [], 0, worker_count_per_proc=2)
        first, failing.error = witness.error, ValueError("later")
    assert witness.error is first
