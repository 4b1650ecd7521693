"""Fixtures for the whole suite."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.processes"]

# A busy machine is no failure: how long an example takes says nothing of what it shows.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

ROOT = Path(__file__).parents[1]
COMMAND = "import typer; from dataflows.cli.sandbox import sandbox; typer.run(sandbox)"
READY = "Avstar sandbox listening on "
STOP_SECONDS = 10

# Whatever proxy the environment names, the sandbox is on this machine.
_opener = build_opener(ProxyHandler({}))


class SandboxHandle:
    """A sandbox in a process of its own, watched and switched over HTTP."""

    def __init__(self, process: subprocess.Popen[str], url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.pid = process.pid
        self._process = process

    def stats(self) -> dict[str, Any]:
        return json.loads(self._send("GET", "stats"))

    def spots(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._send("GET", "spots").splitlines()]

    def faults(self, probabilities: Mapping[str, object]) -> None:
        self._send("PUT", "faults", probabilities)

    def oauth_faults(self, probabilities: Mapping[str, object]) -> None:
        self._send("PUT", "oauth-faults", probabilities)

    def set_token(self, token: str) -> None:
        self._send("PUT", "token", {"token": token})
        self.token = token

    def stop(self) -> int:
        """End the process as an operator would and return its exit code."""
        self._process.terminate()
        return self._process.wait(STOP_SECONDS)

    def _send(self, method: str, name: str, value: object = None) -> bytes:
        body = None if value is None else json.dumps(value).encode()
        request = Request(f"{self.url}/_sandbox/{name}", body, method=method)
        with _opener.open(request, timeout=30) as response:
            return response.read()


@contextmanager
def run_sandbox(*options: str) -> Iterator[SandboxHandle]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AVSTAR_SANDBOX_")}
    command = [sys.executable, "-c", COMMAND, "--port", "0", *options]
    token = options[options.index("--token") + 1] if "--token" in options else "sandbox"
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith(READY), f"the sandbox did not start: {line!r}"
            yield SandboxHandle(process, line.removeprefix(READY).strip(), token)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@pytest.fixture
def sandbox_process(tmp_path: Path) -> Iterator[Callable[..., SandboxHandle]]:
    """Start sandboxes with the options of the command; they end with the test."""
    numbers = count(1)
    with ExitStack() as running:

        def start(*options: str) -> SandboxHandle:
            database = str(tmp_path / f"sandbox-{next(numbers)}.db")
            return running.enter_context(run_sandbox("--database", database, *options))

        yield start
