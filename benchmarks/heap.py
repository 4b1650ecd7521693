"""Memory of a process whose garbage is in cycles, with and without the heap guard.

python benchmarks/heap.py [--batches 30] [--payload 4000]

A batch of 5,000 records leaves one cycle each, old enough that Python's own collector comes late;
with the system's allocator and with Python's. `--one` measures one way and prints plain figures.
"""

import gc
import os
import subprocess
import sys

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from connectors.records import Span, Tally
from dataflows.memory import HeapGuard, resident_bytes

RECORDS = 5000
LONG_LIVED = 300_000
"""Objects that live on: the more there are, the later Python looks at old garbage."""

SPAN = Span("day", "ab" * 32, "lane-0", 0, 1, 2)


class Node:
    """An object that holds itself and so is never freed but by a collection."""

    def __init__(self, payload: int) -> None:
        self.itself = self
        self.payload = b"x" * payload


def measure(batches: int, payload: int, *, guarded: bool) -> list[int]:
    """Return the resident bytes after each batch."""
    guard = HeapGuard()
    long_lived = [Node(0) for _ in range(LONG_LIVED)]
    gc.collect()
    sizes = []
    for _ in range(batches):
        batch = [Node(payload) for _ in range(RECORDS)]
        gc.collect(1)  # the batch is old before it is garbage
        del batch
        if guarded:
            guard.passed("heap", Tally(SPAN, RECORDS, RECORDS, 0))
        sizes.append(resident_bytes())
    del long_lived
    return sizes


def main() -> None:
    """Measure each way in a process of its own, and print the peaks and where they ended."""
    made = parser(__doc__)
    made.add_argument("--batches", type=int, default=30)
    made.add_argument("--payload", type=int, default=4000)
    made.add_argument("--one", choices=["guarded", "unguarded"])
    options = made.parse_args()
    if options.one:
        sizes = measure(options.batches, options.payload, guarded=options.one == "guarded")
        print(sizes[0], max(sizes), min(sizes[2:]))
        return
    figures = []
    for allocator in ("pymalloc", "malloc"):
        peaks = []
        for way in ("unguarded", "guarded"):
            done = subprocess.run(
                [sys.executable, *sys.argv, "--one", way],
                env={**os.environ, "PYTHONMALLOC": allocator},
                check=True,
                capture_output=True,
                text=True,
            )
            first, most, least = (int(size) / 1e6 for size in done.stdout.split())
            peaks.append(most)
            print(
                f"{allocator:<9} {way:<10} first {first:6.1f} MB  most {most:6.1f} MB  "
                f"least after {least:6.1f} MB"
            )
        figures.append(
            Figure(
                name=f"peak of garbage in cycles, heap guard, {allocator}",
                against="without the guard",
                unit="MB",
                ours=[peaks[1]],
                theirs=[peaks[0]],
            )
        )
    keep(options.json, figures)


if __name__ == "__main__":
    main()
