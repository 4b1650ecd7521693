"""The sandbox as a process of its own, and what an upload to it came to."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

from connectors.records import REJECTIONS

TOKEN = "bench"
AVSTAR = (sys.executable, "-m", "dataflows.cli")
FIELDS = ("SpotID", "StationCode", "AirDateTime", "Duration", "ClientName")
SENT = ("spot_id", "station", "airtime", "duration_sec", "advertiser")

opener = build_opener(ProxyHandler({}))


class Api:
    """The sandbox, looked at and switched over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def stats(self) -> dict:
        """Return its counts."""
        return json.loads(self._send("stats"))

    def spots(self) -> Counter[tuple]:
        """Count what is scheduled, by content."""
        rows = map(json.loads, self._send("spots").splitlines())
        return Counter(tuple(row[name] for name in SENT) for row in rows)

    def faults(self, shares: dict) -> None:
        """Switch the faults."""
        self._send("faults", shares)

    def _send(self, name: str, value: dict | None = None) -> bytes:
        body = None if value is None else json.dumps(value).encode()
        method = "GET" if value is None else "PUT"
        request = Request(f"{self.url}/_sandbox/{name}", body, method=method)
        with opener.open(request, timeout=60) as response:
            return response.read()


@contextmanager
def sandbox(folder: Path, *options: object) -> Iterator[Api]:
    """Run an API without a quota that could be felt."""
    command = [*AVSTAR, "sandbox", "--port", "0", "--token", TOKEN, "--rate", "100000/0.1"]
    command += ["--database", str(folder / "spots.db"), *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Api(process.stdout.readline().split()[-1])
        finally:
            process.terminate()


def rows(out: Path, name: str) -> list[dict]:
    """Read the one ledger."""
    [file] = out.glob(f"*/{name}.ndjson")
    return [json.loads(row) for row in file.read_bytes().splitlines()]


def lost_and_twice(path: Path, out: Path, api: Api) -> tuple[int, int, int]:
    """Count the good rows of an export, those the API has not, and what it has more than once.

    What is good is read from the export's own text, without what the ledger gives reasons for.
    """
    letters = rows(out, "dead-letters")
    bad = {row["line"] for row in letters if row["reason"] in REJECTIONS}
    lines = enumerate(path.read_bytes().split(b"\n"), 1)
    records = (json.loads(row) for line, row in lines if row and line not in bad)
    wanted = {tuple(record[name] for name in FIELDS) for record in records}
    scheduled = api.spots()
    lost = len(wanted - scheduled.keys())
    return len(wanted), lost, sum(count - 1 for count in scheduled.values())
