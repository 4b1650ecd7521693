"""Validation beside plain pydantic loops over the same export, in one run.

    python benchmarks/validation.py [--records 300000] [--rounds 5]

Prints records per second of processor time, all threads counted, so that it is one core's figure;
and the median over the rounds of each ratio. The loops check the same rules and keep nothing,
where the dataflow keeps offsets and line numbers. The survey comes before and is not counted.
"""

import gc
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from pydantic import TypeAdapter, ValidationError

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.reading import Reading, dataflow, rate
from connectors.avion import AvionSource, TrafficRecord, survey
from connectors.avion.validator import Validator
from connectors.records import Batch, Export
from dataflows.generate import Sample, generate

LIST = 5000


def file_loop(export: Export) -> int:
    """A plain loop over the file with `model_validate_json` for every line."""
    with export.path.open("rb") as file:
        return _valid(file)


def stock(export: Export) -> int:
    """Bytewax's own FileSource, `json.loads` and pydantic, record by record."""

    def check(line: str) -> bool:
        try:
            TrafficRecord.model_validate(json.loads(line), strict=False)
        except ValueError:
            return False
        return True

    found: list[bool] = []
    flow = Dataflow("stock")
    lines = op.input("read", flow, FileSource(export.path, batch_size=LIST))
    op.output("checked", op.map("check", lines, check), TestingSink(found))
    run_main(flow, epoch_interval=timedelta(seconds=10))
    return sum(found)


def file_lists(export: Export) -> int:
    """One `validate_json` of the model over each list of lines of the file: the ceiling."""
    with export.path.open("rb") as file:
        return sum(_valid_lists(file))


def step(batches: list[Batch[Any]]) -> Reading:
    """The validation step alone, over batches that were read before."""

    def read(_export: Export) -> int:
        validator = Validator()
        return sum(validator(batch).tally.valid for batch in batches)

    return read


def line_loop(lines: list[bytes]) -> Reading:
    """`model_validate_json` alone, over lines that were read before."""
    return lambda _export: _valid(lines)


def whole_lists(lines: list[bytes]) -> Reading:
    """One `validate_json` of the model over lists of lines that were read before."""
    return lambda _export: sum(_valid_lists(iter(lines)))


def _valid(lines: BinaryIO | list[bytes]) -> int:
    valid = 0
    for line in lines:
        try:
            TrafficRecord.model_validate_json(line)
        except ValidationError:
            continue
        valid += 1
    return valid


def _valid_lists(lines: Iterator[bytes]) -> Iterator[int]:
    check = TypeAdapter(list[TrafficRecord]).validate_json
    while some := list(islice(lines, LIST)):
        yield len(check(b"[" + b",".join(some) + b"]"))


def _batches(export: Export) -> Iterator[Batch[Any]]:
    source = AvionSource(export)
    for name in source.list_parts():
        part = source.build_part("read", name, None)
        with suppress(StopIteration):
            while True:
                yield from part.next_batch()


def readings(export: Export) -> dict[str, Callable[[Export], int]]:
    """Name all that is measured."""
    lines = export.path.read_bytes().splitlines()
    return {
        "dataflow": dataflow,
        "file_loop": file_loop,
        "stock": stock,
        "file_lists": file_lists,
        "step": step(list(_batches(export))),
        "line_loop": line_loop(lines),
        "whole_lists": whole_lists(lines),
    }


READ = "read, validate, branch; NDJSON, one worker"
CHECK = "validate alone"
TABLE = (
    (READ, "dataflow", "file_loop", "pydantic for each line of the file", 2.2),
    (READ, "dataflow", "stock", "Bytewax FileSource, json, pydantic in a map", 4.0),
    (READ, "dataflow", "file_lists", "one validate_json over lists of lines", 0.7),
    (CHECK, "step", "line_loop", "pydantic for each line in memory", None),
    (CHECK, "step", "whole_lists", "one validate_json over lists in memory", None),
)
"""What is measured of ours, beside what, and what the ratio is to be."""


def main() -> None:
    """Measure, and print a table."""
    options = parser(__doc__)
    options.add_argument("--records", type=int, default=300_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.ndjson"
        with path.open("wb") as file:
            file.writelines(generate(Sample(given.records, bad=0.0)))
        export = survey(path)
        runs = readings(export)
        gc.freeze()
        rounds = [
            {name: rate(run, export) for name, run in runs.items()} for _ in range(given.rounds)
        ]
    rates = {name: [one[name] for one in rounds] for name in runs}
    figures = [
        Figure(
            name=name,
            against=words,
            unit="records/s of one core",
            ours=rates[ours],
            theirs=rates[theirs],
            at_least=least,
        )
        for name, ours, theirs, words, least in TABLE
    ]
    for name, found in rates.items():
        print(f"{name:<12}{sorted(found)[len(found) // 2]:>12,.0f} records/s")
    for one in figures:
        print(f"{one.name} / {one.against}: {one.ratio:.2f}")
    keep(given.json, figures)


if __name__ == "__main__":
    main()
