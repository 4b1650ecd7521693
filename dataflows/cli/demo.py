"""`avstar demo`: the whole way once, against a sandbox on this machine."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import RefusedError
from dataflows.cluster import Cluster
from dataflows.generate import Sample, generate
from dataflows.job import upload
from dataflows.settings import fixed_settings

_TOKEN = "demo"  # noqa: S105 - of a sandbox that lives for seconds
_RATE = "1000/1"


def demo(
    records: Annotated[int, typer.Option(min=1, help="Records of the sample export.")] = 5000,
    folder: Annotated[Path, typer.Option(help="Where export and ledger go.")] = Path("demo"),
) -> None:
    """Generate an export with some bad rows, upload it to a sandbox, and show the summary."""
    place = folder / datetime.now(timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")
    place.mkdir(parents=True)
    export = place / "sample.ndjson"
    with export.open("wb") as file:
        file.writelines(generate(Sample(records)))
    with _sandbox(place) as url:
        settings = fixed_settings(
            exports=(export,), out=place, api_url=url, rate=_RATE, token=_TOKEN
        )
        code = upload(settings, Cluster())
    typer.echo(f"\nprove it:  avstar verify {place / _ledger(place)} {export}")
    raise typer.Exit(code)


def _ledger(place: Path) -> str:
    return next(path.parent.name for path in place.glob("*/manifest.json"))


@contextmanager
def _sandbox(place: Path) -> Iterator[str]:
    options = ["--port", "0", "--rate", _RATE, "--token", _TOKEN]
    options += ["--database", str(place / "sandbox.sqlite3")]
    command = [sys.executable, "-m", "dataflows.cli", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout  # noqa: S101 - it is a pipe
        first = process.stdout.readline()
        try:
            if "http" not in first:
                raise RefusedError("the sandbox did not start; run `avstar sandbox` to see why")
            yield first.split()[-1]
        finally:
            process.terminate()
