"""Validation through the dataflow beside plain pydantic loops, on one core, in one run.

    python benchmarks/validation.py [--records 1000000] [--rounds 5]

Prints records a second and the ratios of each round's medians. The loops read the same file and
check the same rules; they keep nothing, where the dataflow keeps offsets and line numbers.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from pydantic import TypeAdapter, ValidationError

from connectors.avion import AvionSource, TrafficRecord, survey, validate
from connectors.records import Tally
from dataflows.generate import Sample, generate

ONE_BATCH_AN_EPOCH = timedelta(0)
LIST = 5000


def ours(path: Path) -> int:
    """Source, validation and counts, as `avstar run --validate-only` has them."""
    tallies: list[Tally] = []
    flow = Dataflow("ours")
    checked = validate("validate", op.input("read", flow, AvionSource(survey(path))))
    op.output("tallies", checked.tallies, TestingSink(tallies))
    op.output("dead_letters", checked.dead_letters, TestingSink([]))
    run_main(flow, epoch_interval=ONE_BATCH_AN_EPOCH)
    return sum(tally.valid for tally in tallies)


def per_record(path: Path) -> int:
    """A plain loop with `model_validate_json` for every line."""
    valid = 0
    with path.open("rb") as file:
        for line in file:
            try:
                TrafficRecord.model_validate_json(line)
            except ValidationError:
                continue
            valid += 1
    return valid


def whole_lists(path: Path) -> int:
    """The ceiling of the model: one `validate_json` over lists of lines, all of them good."""
    check = TypeAdapter(list[TrafficRecord]).validate_json
    lines = [line for line in path.read_bytes().split(b"\n") if _is_good(line)]
    began = time.perf_counter()
    for at in range(0, len(lines), LIST):
        check(b"[" + b",".join(lines[at : at + LIST]) + b"]")
    whole_lists.seconds = time.perf_counter() - began  # type: ignore[attr-defined]
    return len(lines)


def stock(path: Path) -> int:
    """Bytewax's own FileSource, `json.loads` and pydantic, record by record."""

    def check(line: str) -> bool:
        try:
            TrafficRecord.model_validate(json.loads(line), strict=False)
        except ValueError:
            return False
        return True

    found: list[bool] = []
    flow = Dataflow("stock")
    lines = op.input("read", flow, FileSource(path, batch_size=LIST))
    op.output("checked", op.map("check", lines, check), TestingSink(found))
    run_main(flow, epoch_interval=timedelta(seconds=10))
    return sum(found)


def _is_good(line: bytes) -> bool:
    try:
        TrafficRecord.model_validate_json(line)
    except ValidationError:
        return False
    return True


def _seconds(run: Callable[[Path], int], path: Path) -> float:
    began = time.perf_counter()
    run(path)
    return getattr(run, "seconds", None) or time.perf_counter() - began


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.ndjson"
        with path.open("wb") as file:
            file.writelines(generate(Sample(options.records, bad=0.0)))
        runs = [ours, per_record, whole_lists, stock]
        times = {run.__name__: [] for run in runs}
        for _ in range(options.rounds):
            for run in runs:
                times[run.__name__].append(_seconds(run, path))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    for name, seconds in medians.items():
        ratio = seconds / medians["ours"]
        print(f"{name:<12}{options.records / seconds:>12,.0f} records/s   ours is {ratio:5.2f} x")


if __name__ == "__main__":
    main()
