"""A long upload under all faults at once: prints what was lost and what was scheduled twice.

    python benchmarks/faults.py [--spots 100000] [--seed 1] [--records-per-request 1]

The API is the sandbox as a process of its own: 5 % each of 500, connection reset, answer lost and
answer too late, 1 % of expired tokens, bursts of 429. The upload is `avstar run` in a process that
is killed (-9) twice on its way and started again. The exit code is 1 unless both counts are 0.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.sandbox import AVSTAR, TOKEN, Api, lost_and_twice, rows, sandbox
from dataflows.generate import Sample, generate

FAULTS = {"500": 0.05, "reset": 0.05, "lost": 0.05, "slow": "0.05:2", "expired": 0.01}
PARTIAL = {"partial": 0.2}
"""Of bulk requests: some records failed, and others left out of the answer."""

BURST = {"throttle": 1}
BURST_SECONDS = 0.2
BURSTS = 10
KILLS = (0.3, 0.7)
"""Shares of the spots after which the upload is killed."""

OPTIONS = (
    *("--rate", "100000/0.1", "--concurrency", "100", "--checkpoint-seconds", "10"),
    *("--request-timeout", "1", "--backoff-base", "0.05", "--backoff-max", "0.3"),
    *("--max-attempts", "100", "--breaker-failures", "10000", "--no-redrive"),
)
"""The breaker, at five bad answers in a row, would often open where one in five is bad."""


def upload(
    api: Api, path: Path, out: Path, options: argparse.Namespace, faults: dict[str, object]
) -> None:
    """Upload under bursts and kills, to the end."""
    command = [*AVSTAR, "run", str(path), "--out", str(out), "--api-url", api.url, *OPTIONS]
    command += ["--records-per-request", str(options.records_per_request)]
    spots = options.spots
    bursts = [spots * (number + 0.5) / BURSTS for number in range(BURSTS)]
    kills = [spots * share for share in KILLS]
    while True:
        process = subprocess.Popen(
            command, env={**os.environ, "AVSTAR_TOKEN": TOKEN}, stdout=subprocess.DEVNULL
        )
        while process.poll() is None:
            time.sleep(0.05)
            accepted = api.stats()["accepted"]
            if bursts and accepted >= bursts[0]:
                del bursts[0]
                api.faults(BURST)
                time.sleep(BURST_SECONDS)
                api.faults(faults)
            if kills and accepted >= kills[0]:
                del kills[0]
                process.kill()
        if process.returncode != -9:
            break
    if process.returncode:
        sys.exit(f"avstar run ended with {process.returncode}")


def main() -> None:
    """Upload, compare, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spots", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records-per-request", type=int, default=1)
    options = parser.parse_args()
    faults = FAULTS | (PARTIAL if options.records_per_request > 1 else {})
    with (
        tempfile.TemporaryDirectory() as name,
        sandbox(Path(name), "--seed", options.seed) as api,
    ):
        path, out = Path(name) / "day.ndjson", Path(name) / "out"
        with path.open("wb") as file:
            file.writelines(generate(Sample(options.spots, options.seed)))
        api.faults(faults)
        began = time.perf_counter()
        upload(api, path, out, options, faults)
        seconds = time.perf_counter() - began
        stats, (wanted, lost, twice) = api.stats(), lost_and_twice(path, out, api)
        outcomes = Counter(row["outcome"] for row in rows(out, "receipts"))
    print(f"good spots  {wanted:>9,}  of {options.spots:,} records, in {seconds:,.0f} s")
    print(f"requests    {stats['requests']:>9,}")
    for kind, count in stats["faults"].items():
        print(f"  {kind:<10}{count:>9,}")
    print(f"accepted    {outcomes['accepted']:>9,}  receipts")
    print(f"duplicates  {outcomes['duplicate']:>9,}  receipts")
    print(f"lost {lost}, twice {twice}")
    sys.exit(bool(lost or twice))


if __name__ == "__main__":
    main()
