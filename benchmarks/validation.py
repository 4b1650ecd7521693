"""Validation beside plain pydantic loops over the same export, in one run.

    python benchmarks/validation.py [--records 300000] [--rounds 5]

Prints records per second of processor time, all threads counted, so that it is one core's figure;
and the median over the rounds of each ratio. The loops check the same rules and keep nothing,
where the dataflow keeps offsets and line numbers. The survey comes before and is not counted.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from pydantic import TypeAdapter, ValidationError

from connectors.avion import AvionSource, TrafficRecord, survey, validate
from connectors.avion.validator import Validator
from connectors.records import Batch, Export, Tally
from dataflows.generate import Sample, generate

ONE_BATCH_AN_EPOCH = timedelta(0)
LIST = 5000


class Day(NamedTuple):
    """The export of a run, surveyed; its lines, all of them good; and the batches of its source."""

    export: Export
    lines: list[bytes]
    batches: list[Batch[Any]]


def dataflow(day: Day) -> int:
    """Source, validation and branching, as `avstar run --validate-only` has them."""
    tallies: list[Tally] = []
    flow = Dataflow("ours")
    checked = validate("validate", op.input("read", flow, AvionSource(day.export)))
    op.output("tallies", checked.tallies, TestingSink(tallies))
    op.output("dead_letters", checked.dead_letters, TestingSink([]))
    run_main(flow, epoch_interval=ONE_BATCH_AN_EPOCH)
    return sum(tally.valid for tally in tallies)


def file_loop(day: Day) -> int:
    """A plain loop over the file with `model_validate_json` for every line."""
    valid = 0
    with day.export.path.open("rb") as file:
        for line in file:
            try:
                TrafficRecord.model_validate_json(line)
            except ValidationError:
                continue
            valid += 1
    return valid


def stock(day: Day) -> int:
    """Bytewax's own FileSource, `json.loads` and pydantic, record by record."""

    def check(line: str) -> bool:
        try:
            TrafficRecord.model_validate(json.loads(line), strict=False)
        except ValueError:
            return False
        return True

    found: list[bool] = []
    flow = Dataflow("stock")
    lines = op.input("read", flow, FileSource(day.export.path, batch_size=LIST))
    op.output("checked", op.map("check", lines, check), TestingSink(found))
    run_main(flow, epoch_interval=timedelta(seconds=10))
    return sum(found)


def step(day: Day) -> int:
    """The validation step alone, over batches that were read before."""
    validator = Validator()
    return sum(validator(batch).tally.valid for batch in day.batches)


def line_loop(day: Day) -> int:
    """`model_validate_json` alone, over lines that were read before."""
    valid = 0
    for line in day.lines:
        try:
            TrafficRecord.model_validate_json(line)
        except ValidationError:
            continue
        valid += 1
    return valid


def whole_lists(day: Day) -> int:
    """One `validate_json` of the model over lists of lines."""
    check = TypeAdapter(list[TrafficRecord]).validate_json
    starts = range(0, len(day.lines), LIST)
    return sum(len(check(b"[" + b",".join(day.lines[at : at + LIST]) + b"]")) for at in starts)


TABLE: dict[Callable[[Day], int], list[Callable[[Day], int]]] = {
    dataflow: [file_loop, stock],
    step: [line_loop, whole_lists],
}
"""What is measured of ours, and beside what."""


def open_day(path: Path) -> Day:
    """Survey an export and read it."""
    export = survey(path)
    source = AvionSource(export)
    batches = [batch for name in source.list_parts() for batch in _batches(source, name)]
    return Day(export, path.read_bytes().splitlines(), batches)


def _batches(source: AvionSource, name: str) -> Iterator[Batch[Any]]:
    part = source.build_part("read", name, None)
    with suppress(StopIteration):
        while True:
            yield from part.next_batch()


def seconds(run: Callable[[Day], int], day: Day) -> float:
    """Return the processor time of a run, which must find every record good."""
    gc.collect()
    began = time.process_time()
    if run(day) != len(day.lines):
        raise RuntimeError(f"{run.__name__} found bad records in a good export")
    return time.process_time() - began


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    runs = [run for ours, peers in TABLE.items() for run in (ours, *peers)]
    times: dict[Callable[[Day], int], list[float]] = {run: [] for run in runs}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.ndjson"
        with path.open("wb") as file:
            file.writelines(generate(Sample(options.records, bad=0.0)))
        day = open_day(path)
        gc.freeze()
        for _ in range(options.rounds):
            for run in runs:
                times[run].append(seconds(run, day))
    for ours, peers in TABLE.items():
        for run in (ours, *peers):
            rate = options.records / statistics.median(times[run])
            ratio = statistics.median(b / a for a, b in zip(times[ours], times[run], strict=True))
            print(f"{run.__name__:<12}{rate:>12,.0f} records/s   {ours.__name__} is {ratio:5.2f} x")


if __name__ == "__main__":
    main()
