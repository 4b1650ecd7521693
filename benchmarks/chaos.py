"""One export, its upload killed again and again at random moments: prints what came of it.

    python benchmarks/chaos.py [--kills 25] [--records 20000] [--megabytes 70] [--seed N]
        [--records-per-request 1]

The upload is `avstar run` in a process that is killed (-9) 25 times: now while it starts, surveys
or mends its ledger, now anywhere in its work, with one or two workers from life to life. Sometimes
a torn row is left at the end of a ledger file, as a power cut does. The export has bad rows and,
at 70 MB, two reading lanes. The API loses 5 % of its answers after it accepted, resets 2 % of the
connections and answers 2 % with 500. The exit code is 1 unless nothing is lost, nothing is
scheduled twice, and `avstar verify` finds every record once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.sandbox import AVSTAR, TOKEN, Api, lost_and_twice, rows, sandbox
from dataflows.generate import Sample, generate

FAULTS = {"500": 0.02, "reset": 0.02, "lost": 0.05}
PARTIAL = {"partial": 0.2}
"""Of bulk requests: some records failed, and others left out of the answer."""

OPTIONS = (
    *("--rate", "100000/0.1", "--concurrency", "50", "--checkpoint-records", "500"),
    *("--backoff-base", "0.05", "--backoff-max", "0.3", "--max-attempts", "100"),
    *("--breaker-failures", "10000", "--no-redrive"),
)
EARLY_SHARE = 0.3
"""Share of the kills that come by the clock: before or just after the first request."""

EARLY_SECONDS = 2.5
TORN_SHARE = 0.3
TORN = b'{"line": 17, "offset": 29'
SECONDS = 120
"""A life that gets nowhere for so long is a failure."""


def write_export(path: Path, records: int, megabytes: float, seed: int) -> None:
    """Write a sample export, filled up with a field that nobody reads."""
    note = b', "Note": "%b"}' % (b"x" * int(megabytes * 1e6 / records))
    with path.open("wb") as file:
        file.writelines(
            row.replace(b"}", note) for row in generate(Sample(records, seed, bad=0.05))
        )


class Life:
    """One process of the upload, from its start to its death."""

    def __init__(self, command: list[str], api: Api, log: Path) -> None:
        self._api = api
        self._log = log
        with log.open("wb") as file:
            environment = {**os.environ, "AVSTAR_TOKEN": TOKEN}
            self._process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=file
            )

    def kill_after(self, seconds: float) -> None:
        """Kill it at a moment of the clock."""
        time.sleep(seconds)
        self._end()

    def kill_at(self, accepted: int) -> None:
        """Kill it when the API has accepted so much."""
        deadline = time.monotonic() + SECONDS
        while self._process.poll() is None and self._api.stats()["accepted"] < accepted:
            if time.monotonic() > deadline:
                sys.exit(f"nothing moves: {self._log.read_text()}")
            time.sleep(0.002)
        self._end()

    def finish(self) -> None:
        """Let it come to its own end."""
        if code := self._process.wait():
            sys.exit(f"avstar run ended with {code}: {self._log.read_text()}")

    def _end(self) -> None:
        self._process.kill()
        if (code := self._process.wait()) > 0:
            sys.exit(f"avstar run ended with {code}: {self._log.read_text()}")


def tear(out: Path, random: Random) -> Iterator[str]:
    """Leave half a row at the end of some ledger file, as a power cut may."""
    for file in out.glob("*/*.ndjson"):
        if random.random() < TORN_SHARE and os.access(file, os.W_OK):
            with file.open("ab") as torn:
                torn.write(TORN)
            yield f"a torn row in {file.name}"


def upload(path: Path, out: Path, api: Api, options: argparse.Namespace, random: Random) -> None:
    """Start, kill and start again, then let it finish."""
    command = [*AVSTAR, "run", str(path), "--out", str(out), "--api-url", api.url, *OPTIONS]
    command += ["--records-per-request", str(options.records_per_request)]
    kills = options.kills
    for number in range(1, kills + 1):
        workers = random.choice((1, 2))
        life = Life([*command, "--workers", str(workers)], api, out.with_name("stderr"))
        if random.random() < EARLY_SHARE:
            life.kill_after(random.uniform(0, EARLY_SECONDS))
        else:
            accepted = api.stats()["accepted"]
            left = path.read_bytes().count(b"\n") - accepted
            life.kill_at(accepted + int(random.uniform(0, 1.5) * left / (kills - number + 3)))
        told = "".join(f", {what}" for what in tear(out, random))
        now = api.stats()["accepted"]
        print(f"kill {number:>3}  {workers} worker(s), {now:>9,} accepted{told}", flush=True)
    Life(command, api, out.with_name("stderr")).finish()


def main() -> None:
    """Upload, compare, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--megabytes", type=float, default=70)
    parser.add_argument("--seed", type=int, default=Random().randrange(1 << 32))
    parser.add_argument("--records-per-request", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    random = Random(options.seed)
    with (
        tempfile.TemporaryDirectory() as name,
        sandbox(Path(name), "--seed", options.seed) as api,
    ):
        path, out = Path(name) / "day.ndjson", Path(name) / "out"
        write_export(path, options.records, options.megabytes, options.seed)
        api.faults(FAULTS | (PARTIAL if options.records_per_request > 1 else {}))
        upload(path, out, api, options, random)
        wanted, lost, twice = lost_and_twice(path, out, api)
        outcomes = Counter(row["outcome"] for row in rows(out, "receipts"))
        [manifest] = [json.loads(file.read_bytes()) for file in out.glob("*/manifest.json")]
        verified = subprocess.run([*AVSTAR, "verify", str(out), str(path)], check=False).returncode
        print(f"good spots  {wanted:>9,}  of {options.records:,} records")
        print(f"requests    {api.stats()['requests']:>9,}")
        print(f"receipts    {outcomes['accepted']:>9,}  accepted, {outcomes['duplicate']:,} known")
    print(f"lost {lost}, twice {twice}, reconciled {manifest['reconciled']}")
    sys.exit(bool(lost or twice or verified or not manifest["reconciled"]))


if __name__ == "__main__":
    main()
