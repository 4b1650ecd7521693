"""A real run told to Arize Phoenix, and every spot read back from it by its trace ID.

    python -m tests.external.phoenix FOLDER [PICTURE]

FOLDER is an environment with Phoenix and Playwright: `make observability-check` makes one. The
page of one spot's trace is drawn into PICTURE, if Chromium is there.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from connectors.avion import survey
from dataflows.generate import Sample, generate
from tests.conftest import ROOT, run_sandbox
from tests.external.ports import free_port

SECONDS = 300
SPOTS = 200
opener = build_opener(ProxyHandler({}))


def get(url: str) -> Any:
    with opener.open(url, timeout=30) as response:
        return json.load(response)


def answers(url: str) -> bool:
    try:
        opener.open(url, timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def phoenix(folder: Path, place: Path) -> Iterator[str]:
    """Run Phoenix, which keeps to this machine and forgets what it was told."""
    port = free_port()
    environment = {
        **os.environ,
        "PHOENIX_WORKING_DIR": str(place),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    command = [str(folder / "bin" / "phoenix"), "serve"]
    url = f"http://127.0.0.1:{port}"
    with (
        (place / "phoenix.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            deadline = time.monotonic() + SECONDS
            while not answers(url):
                assert process.poll() is None, (place / "phoenix.log").read_text()[-2000:]
                assert time.monotonic() < deadline, "Phoenix does not answer"
                time.sleep(0.5)
            yield url
        finally:
            process.terminate()


def upload(export: Path, collector: str) -> list[dict[str, Any]]:
    """Upload and give the receipts."""
    faults = ("--fault", "500=0.1", "--latency", "0.02:0.01")
    with run_sandbox("--rate", "100000/1", "--token", "check", *faults) as api:
        told = {
            "AVSTAR_TOKEN": "check",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_TRACES_SAMPLER": "always_on",
        }
        words = ["run", str(export), "--out", str(export.parent / "out"), "--api-url", api.url]
        words += ["--rate", "1000/1", "--breaker-failures", "50"]
        subprocess.run(
            [sys.executable, "-m", "dataflows.cli", *words],
            env={**os.environ, **told},
            cwd=ROOT,
            check=True,
        )
    ledger = export.parent / "out" / survey(export).key
    return [json.loads(line) for line in (ledger / "receipts.ndjson").read_text().splitlines()]


def check(receipt: dict[str, Any], spans: list[dict[str, Any]]) -> None:
    """Hold a receipt against what the store has under its request ID."""
    [spot] = [span for span in spans if span["name"] == "deliver spot"]
    attributes = spot["attributes"]
    assert attributes["avstar.spot.id"] == receipt["spot_id"]
    assert attributes["avstar.airtime"] == receipt["airtime"]
    assert attributes["avstar.line"] == receipt["line"]
    assert attributes["avstar.outcome"] == receipt["outcome"]
    attempts = [span for span in spans if span["name"] == "POST"]
    assert len(attempts) == receipt["attempts"] == attributes["avstar.attempts"]
    assert {span["parent_id"] for span in attempts} == {spot["context"]["span_id"]}


def read_back(url: str, receipt: dict[str, Any]) -> list[dict[str, Any]]:
    """Read a spot's spans by its trace ID, once all of them are stored."""
    deadline = time.monotonic() + SECONDS
    query = f"{url}/v1/projects/default/spans?limit=100&trace_id={receipt['request_id']}"
    while True:
        spans = get(query)["data"]
        if any(span["name"] == "deliver spot" for span in spans):
            return list(spans)
        assert time.monotonic() < deadline, receipt
        time.sleep(0.2)


def draw(folder: Path, url: str, receipt: dict[str, Any], picture: str) -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        print("no picture: Chromium is not installed")
        return
    [project] = [one for one in get(f"{url}/v1/projects")["data"] if one["name"] == "default"]
    page = f"{url}/projects/{project['id']}/traces/{receipt['request_id']}"
    script = str(Path(__file__).with_name("picture.py"))
    python = str(folder / "bin" / "python")
    subprocess.run([python, script, page, picture, chromium, receipt["spot_id"]], check=True)
    print(f"drew {picture}")


def main(folder: Path, picture: str = "") -> None:
    with tempfile.TemporaryDirectory() as name, phoenix(folder, Path(name)) as url:
        export = Path(name) / "day.ndjson"
        with export.open("wb") as file:
            file.writelines(generate(Sample(SPOTS, bad=0)))
        receipts = upload(export, url)
        assert len(receipts) == SPOTS
        for receipt in receipts:
            check(receipt, read_back(url, receipt))
        print(f"{len(receipts)} spots read back by their trace IDs")
        if picture:
            draw(folder, url, max(receipts, key=lambda one: one["attempts"]), picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
