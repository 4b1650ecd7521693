"""Processes on hosts of their own: network namespaces, each with one cable to a switch."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
API, HOSTS = "10.213.7.1", ("10.213.7.2", "10.213.7.3")
TOKEN = "secret-3f9a"
PATIENCE = 120
"""Seconds until a process must have ended; the longest wait by design is about thirty."""

GET = "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1]).read())"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def why_not() -> str:
    """Why namespaces cannot be had here; empty if they can."""
    if not shutil.which("ip"):
        return "there is no `ip` (Debian: iproute2)"
    name = f"avstar-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True)
    if tried.returncode:
        return f"no network namespaces: {tried.stderr.decode().strip()}"
    ip("netns", "del", name)
    return ""


class Hosts:
    """A switch with the API at it, and hosts at its other sockets."""

    def __init__(self, stack: ExitStack, folder: Path, addresses: Sequence[str] = HOSTS) -> None:
        self._stack = stack
        self._folder = folder
        self._prefix = f"a{os.getpid() % 100_000}"
        self.switch = self._namespace("s")
        ip("-n", self.switch, "link", "add", "br0", "type", "bridge")
        ip("-n", self.switch, "addr", "add", f"{API}/24", "dev", "br0")
        ip("-n", self.switch, "link", "set", "br0", "up")
        self.names = [self._host(i, address) for i, address in enumerate(addresses)]

    def _namespace(self, name: str) -> str:
        full = f"{self._prefix}{name}"
        ip("netns", "add", full)
        self._stack.callback(ip, "netns", "del", full)
        ip("-n", full, "link", "set", "lo", "up")
        return full

    def _host(self, number: int, address: str) -> str:
        name = self._namespace(f"h{number}")
        plug = ("link", "add", f"plug{number}", "type", "veth")
        ip("-n", self.switch, *plug, "peer", "name", "eth0", "netns", name)
        ip("-n", self.switch, "link", "set", f"plug{number}", "master", "br0", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        return name

    def unplug(self, number: int) -> None:
        ip("-n", self.switch, "link", "set", f"plug{number}", "down")

    def plug(self, number: int) -> None:
        ip("-n", self.switch, "link", "set", f"plug{number}", "up")

    def start(self, host: str, *words: object, **variables: str) -> "subprocess.Popen[str]":
        command = ["ip", "netns", "exec", host, sys.executable, "-m", "dataflows.cli"]
        process = self._stack.enter_context(
            subprocess.Popen(
                [*command, *map(str, words)],
                cwd=ROOT,
                env={**os.environ, "AVSTAR_TOKEN": TOKEN, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        self._stack.callback(process.kill)
        return process

    def ask(self, url: str) -> Any:
        """Ask the API for its figures, from the switch."""
        command = ["ip", "netns", "exec", self.switch, sys.executable, "-c", GET, url]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


class Upload:
    def __init__(self, hosts: Hosts, folder: Path, export: Path) -> None:
        self._hosts = hosts
        self._folder = folder
        self._export = export
        options = ("--host", API, "--port", 0, "--rate", "100000/1", "--token", TOKEN)
        database = ("--database", folder / "api.db")
        sandbox = hosts.start(hosts.switch, "sandbox", *options, "--latency", "0.3", *database)
        assert sandbox.stdout
        self._api = sandbox.stdout.readline().split()[-1]

    @property
    def stats(self) -> Any:
        return self._hosts.ask(f"{self._api}/_sandbox/stats")

    def start(self, concurrency: int = 20) -> "list[subprocess.Popen[str]]":
        return [
            self._hosts.start(
                host,
                *("run", self._export, "--out", self._folder / "out", "--api-url", self._api),
                *(
                    "--concurrency",
                    concurrency,
                    "--rate",
                    "10000/0.1",
                    "--checkpoint-records",
                    "120",
                ),
                *("--state", self._folder / f"volume-{number}"),
                BYTEWAX_ADDRESSES=";".join(f"{address}:2101" for address in HOSTS),
                BYTEWAX_PROCESS_ID=str(number),
            )
            for number, host in enumerate(self._hosts.names)
        ]

    def until_accepted(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.stats["accepted"] < count:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def must_miss(self, other: int, process: "subprocess.Popen[str]") -> None:
        """Hold a process to its end, and to its word that the other has gone."""
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 75, err
        assert f"process {other} at {HOSTS[other]}:2101 has gone, so this one stopped" in err

    def finish_exactly(self, valid: int) -> None:
        for process in self.start(concurrency=200):
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, err
            assert "reconciled    yes" in out
        stats = self.stats
        assert (stats["spots"], stats["accepted"]) == (valid, valid)
        [ledger] = (self._folder / "out").glob("day.*")
        command = [sys.executable, "-m", "dataflows.cli", "verify", ledger, self._export]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    if reason := why_not():
        pytest.skip(reason)
    with ExitStack() as stack:
        yield Hosts(stack, tmp_path)


def test_a_host_that_vanishes_or_is_killed_stops_the_other_and_all_resume_exactly(
    hosts: Hosts, tmp_path: Path, new_export: Callable[..., Path]
) -> None:
    """Nothing closes a connection whose other end lost its power; the engine would wait on."""
    upload = Upload(hosts, tmp_path, new_export(500))
    processes = upload.start()
    upload.until_accepted(80)
    hosts.unplug(1)
    for number, process in enumerate(processes):
        upload.must_miss(1 - number, process)
    hosts.plug(1)

    first, second = upload.start()
    upload.until_accepted(upload.stats["accepted"] + 80)
    first.send_signal(signal.SIGKILL)
    upload.must_miss(0, second)
    upload.finish_exactly(490)
