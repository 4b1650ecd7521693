"""The command in processes of its own, exports to upload, and what an exact upload is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest

from connectors.avion import survey
from connectors.ledger import read_manifest
from connectors.ledger.audit.plain_export import plain_export
from connectors.ledger.audit.plain_lines import plain_lines
from connectors.ledger.audit.plain_open import plain_open
from connectors.ledger.verify import verify
from dataflows.generate import Sample, generate

ROOT = Path(__file__).parents[1]
TOKEN = "secret-3f9a"
PLENTY = "10000/0.1"
"""A quota that nobody waits for, not even at the start, for what a process before may have sent."""

SECONDS = 180
"""Patience with a process; a good one needs two."""

PREFIXES = ("AVSTAR_", "BYTEWAX_", "OTEL_")


FINE = """
from importlib import import_module

import_module("connectors.avion.recognition")._BLOCK = 1024
import_module("connectors.avion.survey").survey.__kwdefaults__["split_bytes"] = {split_bytes}
"""
"""What Python runs before the command: an export of kilobytes then has as many lanes as a large."""


class Finished(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one line that an error is."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("avstar: "), self.err
        assert not self.out
        return self.err

    @property
    def complaint(self) -> str:
        """What went to standard error but for the progress that a slow machine shows."""
        return "".join(line for line in self.err.splitlines(True) if " records · " not in line)


class Running:
    """A process under way; what it writes goes to files, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process = process
        self._out = out
        self._err = err

    @property
    def err(self) -> str:
        return self._err.read_text()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to come true while the process runs."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert self.process.poll() is None, f"it ended before: {self.err}"
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def finish(self, number: signal.Signals | None = None) -> Finished:
        """Send a signal, if one is given, and wait for the end."""
        if number:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        return Finished(code, self._out.read_text(), self.err)


class Python:
    """Starts `python -m` with few of our settings: a token, no quota to wait for, no redrive."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._numbers = count(1)

    def start(self, *words: object, cwd: Path = ROOT, **variables: str | None) -> Running:
        """Start it with further variables; one that is None is not set."""
        ours = {name: v for name, v in os.environ.items() if not name.startswith(PREFIXES)}
        ours |= {"AVSTAR_TOKEN": TOKEN, "AVSTAR_RATE": PLENTY, "AVSTAR_REDRIVE": "false"}
        ours |= variables
        place = self._folder / f"process-{next(self._numbers)}"
        with (
            place.with_suffix(".out").open("wb") as out,
            place.with_suffix(".err").open("wb") as err,
        ):
            process = self._stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", *map(str, words)],
                    cwd=cwd,
                    env={name: value for name, value in ours.items() if value is not None},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                )
            )
        self._stack.callback(process.kill)
        return Running(process, place.with_suffix(".out"), place.with_suffix(".err"))

    def __call__(self, *words: object, **options: Any) -> Finished:
        return self.start(*words, **options).finish()


class Avstar:
    """The command `avstar`."""

    def __init__(self, python: Python) -> None:
        self._python = python

    def start(self, *words: object, **variables: str | None) -> Running:
        return self._python.start("dataflows.cli", *words, **variables)

    def __call__(self, *words: object, **variables: str | None) -> Finished:
        return self.start(*words, **variables).finish()


class Upload:
    """One upload that tests start, stop and look at: exports, ledgers, API."""

    def __init__(self, avstar: Avstar, out: Path, api: Any, *exports: Path) -> None:
        self._avstar = avstar
        self.api = api
        self.out = out
        self.exports = exports

    @property
    def state(self) -> Path:
        return self.out / ".state"

    @property
    def accepted(self) -> int:
        return self.api.stats()["accepted"]

    def start(self, *options: object, **variables: str | None) -> Running:
        words = ["run", *self.exports, "--out", self.out, "--api-url", self.api.url]
        return self._avstar.start(*words, *options, **variables)

    def __call__(self, *options: object, **variables: str | None) -> Finished:
        return self.start(*options, **variables).finish()

    def ledger(self, export: Path | None = None) -> Path:
        return self.out / survey(export or self.exports[0]).key

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Rows of all ledgers, from `receipts` or `dead-letters`."""
        files = [self.ledger(export) / f"{name}.ndjson" for export in self.exports]
        there = [file.read_bytes() for file in files if file.exists()]
        return [json.loads(row) for content in there for row in content.splitlines()]

    def assert_exact(self, valid: int) -> None:
        """Hold ledgers, exports and API against each other: every good spot once, all told."""
        for path in self.exports:
            export = plain_export(path)
            with plain_open(path) as file:
                lines = plain_lines(file, export.format, limit=1 << 20)
                assert not list(verify(self.out / export.key, export, lines).findings)
            manifest = read_manifest(self.out / export.key)
            assert manifest
            assert manifest.reconciled
        spots, receipts = self.api.spots(), self.rows("receipts")
        names = ("request_id", "spot_id", "station", "airtime")
        at_api = {tuple(spot[name] for name in names) for spot in spots}
        assert at_api == {tuple(receipt[name] for name in names) for receipt in receipts}
        assert len(at_api) == len(spots) == len(receipts) == valid


class Recorder:
    """An API that always gives the same answer, and counts what it was asked."""

    def __init__(self) -> None:
        self.status = 500
        self.requests = 0
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                recorder.requests += 1
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(recorder.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Python]:
    with ExitStack() as stack:
        yield Python(tmp_path, stack)


@pytest.fixture
def avstar(python: Python) -> Avstar:
    return Avstar(python)


@pytest.fixture
def api(sandbox_process: Callable[..., Any]) -> Callable[..., Any]:
    """Start an API without a quota worth the name."""
    return lambda *options: sandbox_process("--rate", "100000/1", "--token", TOKEN, *options)


@pytest.fixture
def new_export(tmp_path: Path) -> Callable[..., Path]:
    """Write a sample export."""

    def write(records: int = 2000, name: str = "day.ndjson", **sample: Any) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sample.setdefault("format", "csv" if name.endswith(".csv") else "ndjson")
        with path.open("wb") as file:
            file.writelines(generate(Sample(records, **sample)))
        return path

    return write


@pytest.fixture
def new_upload(avstar: Avstar, tmp_path: Path) -> Callable[..., Upload]:
    return lambda api, *exports: Upload(avstar, tmp_path / "out", api, *exports)


@pytest.fixture(scope="session")
def recorder() -> Iterator[Recorder]:
    """One for all tests that want to see that nothing is sent."""
    recorder = Recorder()
    thread = Thread(target=recorder.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield recorder
    recorder.server.shutdown()
    recorder.server.server_close()
    thread.join()


@pytest.fixture
def divided(tmp_path: Path) -> Callable[[int], dict[str, str]]:
    """Make the variables by which a process divides exports into splits of so many bytes."""

    def variables(split_bytes: int) -> dict[str, str]:
        folder = tmp_path / f"splits-{split_bytes}"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(FINE.format(split_bytes=split_bytes))
        return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}

    return variables
