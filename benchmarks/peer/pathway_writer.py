"""Pathway's `pw.io.http.write`, fed by its own reader; runs in the environment that has it.

python benchmarks/peer/pathway_writer.py EXPORT URL
"""

import sys

import pathway as pw


class Spot(pw.Schema):
    """Columns of the export."""

    SpotID: str
    StationCode: str
    AirDateTime: str
    Duration: int
    ClientName: str


def main(path: str, url: str) -> None:
    """Post every row."""
    rows = pw.io.jsonlines.read(path, schema=Spot, mode="static")
    pw.io.http.write(rows, url, method="POST")
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
