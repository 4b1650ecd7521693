"""The other formats beside the loops that people write for them, in one run.

    python benchmarks/formats.py [--records 300000] [--rounds 5]

The loops check the same rules and keep nothing: `csv.DictReader`, `gzip.open` and `zstd.open` line
by line, and `json.load` of a whole array, each with pydantic for each record. Records per second
of processor time, all threads counted; the survey comes before and is not counted.
"""

import csv
import gc
import gzip
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from backports import zstd
from pydantic import ValidationError

from benchmarks.figure import Figure
from benchmarks.part import keep, parser
from benchmarks.reading import Reading, dataflow, rate
from connectors.avion import TrafficRecord, survey
from connectors.records import Export
from dataflows.generate import Sample, generate


def dict_reader(export: Export) -> int:
    """`csv.DictReader`, and the model for each row."""
    with export.path.open(newline="", encoding="utf-8") as file:
        return _valid(csv.DictReader(file), _lax)


def gzip_lines(export: Export) -> int:
    """`gzip.open`, and the model for each line."""
    with gzip.open(export.path, "rb") as file:
        return _valid(file, TrafficRecord.model_validate_json)


def zstd_lines(export: Export) -> int:
    """`zstd.open`, and the model for each line."""
    with zstd.open(export.path, "rb") as file:
        return _valid(file, TrafficRecord.model_validate_json)


def whole_array(export: Export) -> int:
    """`json.load` of all, and the model for each element."""
    with export.path.open(encoding="utf-8") as file:
        return _valid(json.load(file), _lax)


def _lax(fields: Any) -> TrafficRecord:
    return TrafficRecord.model_validate(fields, strict=False)


def _valid(records: Iterable[Any], check: Callable[[Any], object]) -> int:
    valid = 0
    for one in records:
        try:
            check(one)
        except ValidationError:
            continue
        valid += 1
    return valid


def _array(rows: bytes) -> bytes:
    return b"[\n" + b",\n".join(rows.splitlines()) + b"\n]\n"


TABLE: dict[str, tuple[str, Callable[[bytes], bytes], Reading, str, float | None]] = {
    "CSV": ("day.csv", bytes, dict_reader, "csv.DictReader, pydantic for each row", 2.0),
    "NDJSON in gzip": ("day.ndjson.gz", gzip.compress, gzip_lines, "gzip.open, pydantic", None),
    "NDJSON in zstd": ("day.ndjson.zst", zstd.compress, zstd_lines, "zstd.open, pydantic", None),
    "JSON array": ("day.json", _array, whole_array, "json.load of all, pydantic", None),
}
"""What an export is, how it is made, what is measured beside ours, and what the ratio is to be."""


def main() -> None:
    """Measure, and print a table."""
    options = parser(__doc__)
    options.add_argument("--records", type=int, default=300_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    figures = []
    for kind, (name, make, other, words, least) in TABLE.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            form = "csv" if ".csv" in name else "ndjson"
            text = b"".join(generate(Sample(given.records, bad=0.0, format=form)))
            path.write_bytes(make(text))
            del text
            export = survey(path)
            gc.freeze()
            pairs = [(rate(dataflow, export), rate(other, export)) for _ in range(given.rounds)]
        ours, theirs = zip(*pairs, strict=True)
        figure = Figure(
            name=f"read, validate, branch; {kind}, one worker",
            against=words,
            unit="records/s of one core",
            ours=ours,
            theirs=theirs,
            at_least=least,
        )
        print(f"{kind:<16}{sorted(ours)[len(ours) // 2]:>12,.0f} records/s  {figure.ratio:.2f} x")
        figures.append(figure)
    keep(given.json, figures)


if __name__ == "__main__":
    main()
