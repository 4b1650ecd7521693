"""Answers lost on the way, by a proxy that nobody here wrote."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

New = Callable[..., Any]

MITMDUMP = shutil.which("mitmdump")
VALID, SHARE = 1200, 0.06
"""Share of the flows that are cut before the server, and of the rest after it."""

pytestmark = pytest.mark.skipif(
    MITMDUMP is None, reason="mitmproxy is not installed (no mitmdump on PATH); .ci/run installs it"
)


class Proxy:
    """A mitmdump before an API; what it cut stands in a file, a line each."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    def cuts(self) -> Counter[str]:
        words = [line.split() for line in self._log.read_text().splitlines()]
        return Counter(line[0] for line in words if line and line[0] in {"before", "after"})


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Callable[..., Proxy]]:
    """Start proxies before an API; they end with the test."""
    running = []

    def start(url: str, seed: int) -> Proxy:
        log = tmp_path / "mitmdump.log"
        command = [str(MITMDUMP), "--mode", f"reverse:{url}", "--listen-host", "127.0.0.1"]
        command += ["--listen-port", "0", "--set", f"confdir={tmp_path}", "--set", "flow_detail=0"]
        command += ["--scripts", str(Path(__file__).with_name("severing.py"))]
        variables = {**os.environ, "SEVERING_SEED": str(seed), "SEVERING_SHARE": str(SHARE)}
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, env=variables)
        running.append(process)
        return Proxy(_address(process, log), log)

    yield start
    for process in running:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while "listening at" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    address = log.read_text().partition("listening at ")[2].split()[0].rstrip(".")
    return f"http://{address}"


@pytest.mark.parametrize("seed", [1, 2])
def test_flows_cut_on_their_way_are_scheduled_once(
    seed: int, api: New, proxied: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    upload = new_upload(api(), new_export(VALID + 20, bad=20 / (VALID + 20)))
    proxy = proxied(upload.api.url, seed)
    options = ("--api-url", proxy.url, "--breaker-failures", "100", "--backoff-base", "0.05")
    assert upload(*options).code == 0
    assert avstar("verify", upload.out, upload.exports[0]).code == 0
    upload.assert_exact(VALID)

    cuts, stats, receipts = proxy.cuts(), upload.api.stats(), upload.rows("receipts")
    assert min(cuts["before"], cuts["after"]) > 40
    assert stats["accepted"] == VALID
    assert stats["duplicates"] == cuts["after"], "each lost answer made the spot come once more"
    assert stats["requests"] == VALID + cuts["after"]
    assert sum(row["attempts"] for row in receipts) == stats["requests"] + cuts["before"]
    assert {row["attempts"] > 1 for row in receipts if row["outcome"] == "duplicate"} == {True}
