"""How time and memory grow with the export: 1, 4 and 16 times the records, and a fitted exponent.

    python benchmarks/growth.py [--records 1000000]

Time is that of the survey, and that from the first record to the seal of `avstar run
--validate-only`, each the median of three: a single one may meet the system still writing the
export down. Memory is the most that this process had in RAM. The exponent is the slope of the line
through the logarithms: 1 is proportional, 0 is not at all.
"""

import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.memory import check
from benchmarks.part import keep, parser
from benchmarks.scaling import measure, write_export
from connectors.avion import survey

SIZES = (1, 4, 16)
SAMPLE_BYTES = 150
"""About what a record takes."""

Points = Sequence[tuple[float, float]]


def exponent(points: Points) -> float:
    """Return the slope of the line through the logarithms of points."""
    xs, ys = zip(*[(math.log(x), math.log(y)) for x, y in points], strict=True)
    return statistics.linear_regression(xs, ys).slope


def survey_seconds(path: Path, _out: Path) -> float:
    """Survey in this process."""
    began = time.perf_counter()
    survey(path)
    return time.perf_counter() - began


def reading_seconds(path: Path, out: Path) -> float:
    """Check with one process and one worker."""
    return measure(path, out, 1, 1).reading


def peak(path: Path, out: Path) -> float:
    """Check, and look at the memory meanwhile."""
    found = check(path, out, "")
    shutil.rmtree(out)
    return found


WAYS: dict[str, tuple[Callable[[Path, Path], float], int, str, float | None, float]] = {
    "time of the survey": (survey_seconds, 3, "s", 0.97, 1.03),
    "time from the first record to the seal": (reading_seconds, 3, "s", 0.97, 1.03),
    "peak memory": (peak, 1, "MB", None, 0.03),
}
"""What grows, how it is measured and how often, and what the exponent is to be."""


def main() -> None:
    """Measure, and print the points and the exponents."""
    options = parser(__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    given = options.parse_args()
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "day.ndjson", Path(folder) / "out"
        for times in SIZES:
            records = write_export(path, times * given.records * SAMPLE_BYTES)
            for name, (run, rounds, unit, *_) in WAYS.items():
                found = statistics.median(run(path, out) for _ in range(rounds))
                points[name].append((records, found))
                print(
                    f"{records:>12,} records  {name}: {points[name][-1][1]:.3f} {unit}", flush=True
                )
    figures = [
        Figure(
            name=f"growth of {name}",
            against=f"{SIZES[0]} to {SIZES[-1]} times the records: exponent",
            unit=unit,
            ours=[exponent(points[name])],
            at_least=least,
            at_most=most,
            points=points[name],
        )
        for name, (_, _, unit, least, most) in WAYS.items()
    ]
    for one in figures:
        print(f"{one.name}: exponent {one.ratio:.3f}")
    keep(given.json, figures)


if __name__ == "__main__":
    main()
