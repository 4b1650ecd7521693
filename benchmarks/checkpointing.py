"""What checkpoints cost an upload without a quota.

    python benchmarks/checkpointing.py [--spots 30000] [--rounds 5]

Measured where it is spent, since two whole uploads differ by more than that on a machine that does
other things as well: the ledger's commits in an upload, and what the engine's store adds to one
epoch after another of a dataflow that does nothing else. The median of some rounds counts.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, run_main

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.sandbox import TOKEN, sandbox
from connectors.ledger.book import Book, BookState
from connectors.stop import Stop
from dataflows.exports import open_exports
from dataflows.generate import Sample, generate
from dataflows.meter import Meter
from dataflows.runner import run
from dataflows.settings import load_settings

EPOCHS = 500


class Upload(NamedTuple):
    """Seconds of a whole upload and of its commits, and how many these were."""

    whole: float
    commits: float
    count: int


@contextmanager
def timed_commits() -> Iterator[list[float]]:
    """Collect the seconds that each commit of a ledger takes."""
    seconds: list[float] = []
    snapshot = Book.snapshot

    def timed(book: Book) -> BookState:
        began = time.perf_counter()
        state = snapshot(book)
        seconds.append(time.perf_counter() - began)
        return state

    with patch.object(Book, "snapshot", timed):
        yield seconds


def upload(path: Path, url: str) -> Upload:
    """Upload an export, timed from an empty state folder to the sealed ledger."""
    settings = load_settings(
        exports=(path,), out=path.with_suffix(".out"), api_url=url, token=TOKEN, rate="100000/0.1"
    )
    exports = open_exports(settings)
    with timed_commits() as seconds:
        began = time.perf_counter()
        run(settings, exports, Stop(), Meter())
        return Upload(time.perf_counter() - began, sum(seconds), len(seconds))


def epochs(folder: Path | None) -> float:
    """Run one epoch after another, with a store in a folder if there is one."""
    flow = Dataflow("epochs")
    numbers = op.key_on("key", op.input("in", flow, TestingSource(range(EPOCHS))), lambda _: "all")
    kept = op.stateful_map("keep", numbers, lambda state, number: (state, number))
    op.output("out", kept, TestingSink([]))
    store = None
    if folder:
        folder.mkdir()
        init_db_dir(folder, 1)
        store = RecoveryConfig(folder, timedelta(0))
    began = time.perf_counter()
    run_main(flow, epoch_interval=timedelta(0), recovery_config=store)
    return time.perf_counter() - began


def main() -> None:
    """Measure, and print the shares of the ledger and of the engine."""
    made = parser(__doc__)
    made.add_argument("--spots", type=int, default=30_000)
    made.add_argument("--rounds", type=int, default=5)
    options = made.parse_args()
    uploads, engine = [], []
    with tempfile.TemporaryDirectory() as name, sandbox(Path(name)) as api:
        for number in range(options.rounds):
            path = Path(name) / f"{number}.ndjson"
            with path.open("wb") as file:
                file.writelines(generate(Sample(options.spots, number, bad=0.0)))
            uploads.append(upload(path, api.url))
            engine.append((epochs(Path(name) / f"store-{number}") - epochs(None)) / EPOCHS)
    whole, commits, count = map(statistics.median, zip(*uploads, strict=True))
    store = count * statistics.median(engine)
    without = whole - commits - store
    print(f"{options.spots / whole:,.0f} spots/s, {count:.0f} checkpoints")
    for what, seconds in {"ledger": commits, "store": store, "both": commits + store}.items():
        print(f"{what:<8}{1000 * seconds / count:6.1f} ms each  {seconds / without:6.2%}")
    shares = [
        (one.whole, one.whole - one.commits - one.count * each)
        for one, each in zip(uploads, engine, strict=True)
    ]
    figure = Figure(
        name="upload, checkpoints on",
        against="without what they take",
        unit="spots/s",
        ours=[options.spots / with_them for with_them, _ in shares],
        theirs=[options.spots / left for _, left in shares],
        at_least=0.97,
    )
    keep(options.json, [figure])


if __name__ == "__main__":
    main()
