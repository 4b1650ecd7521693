"""The quota against limiters that nobody here wrote, across a killed process too."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection, create_server
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from connectors.ledger import read_manifest

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
SECONDS = 60
TOKEN = "secret-3f9a"
QUOTA, RECORDS = 100, 700

New = Callable[..., Any]

CONFIGURATION = """
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port}
    stick-table type ip size 1k expire 10s store http_req_rate(1s)
    http-request track-sc0 src
    http-request deny deny_status 429 hdr Retry-After 1 if {{ sc_http_req_rate(0) gt {most} }}
    default_backend api
backend api
    server sandbox {api}
"""

ESTIMATE = 5
"""HAProxy guesses the window from two whole seconds: what is caught up in a burst, at most a
twentieth of the quota, it may count twice."""


@pytest.fixture
def limits() -> Iterator[str]:
    """Start an API behind the exact moving window of the `limits` library."""
    script = Path(__file__).with_name("moving_window.py")
    command = [sys.executable, str(script), str(QUOTA)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


@pytest.fixture
def haproxy(tmp_path: Path, sandbox_process: New) -> Iterator[str]:
    """Start an HAProxy that limits, before a sandbox that does not."""
    if not HAPROXY:
        pytest.skip("HAProxy is not installed; .ci/run installs it")
    api = sandbox_process("--rate", "100000/1", "--token", TOKEN)
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = tmp_path / "haproxy.cfg"
    place = {"port": port, "most": QUOTA + ESTIMATE, "api": api.url.removeprefix("http://")}
    file.write_text(CONFIGURATION.format(**place))
    with subprocess.Popen([HAPROXY, "-db", "-q", "-f", str(file)]) as process:
        until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.fixture
def sandbox(sandbox_process: New) -> str:
    """Start the sandbox, whose window is as strict, with answers that take their time."""
    options = ("--rate", f"{QUOTA}/1", "--latency", "0.002:0.002", "--token", TOKEN)
    return str(sandbox_process(*options).url)


@pytest.fixture(params=["limits", "haproxy", "sandbox"])
def guarded(request: pytest.FixtureRequest) -> Any:
    return SimpleNamespace(url=request.getfixturevalue(request.param))


def listens(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def refused_in_a_burst(url: str) -> int:
    """Send twice the quota as fast as it goes, and count the refusals."""
    body = b'{"spot_id":"x","station":"x","airtime":"x","duration_sec":1,"advertiser":"x"}'
    refused = 0
    for number in range(2 * QUOTA):
        sent = {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "X-Request-ID": f"{number:032x}",
        }
        try:
            urlopen(Request(f"{url}/ingest", body, sent), timeout=10).close()
        except HTTPError as error:
            with error:
                refused += error.code == 429
    return refused


def test_no_request_is_refused_though_the_process_is_killed_and_run_again(
    guarded: Any, new_export: New, new_upload: New
) -> None:
    upload = new_upload(guarded, new_export(RECORDS))
    options = ("--rate", f"{QUOTA}/1", "--log-json", "--checkpoint-records", "50")
    running = upload.start(*options)
    receipts = upload.ledger() / "receipts.ndjson"
    running.until(lambda: receipts.exists() and receipts.read_bytes().count(b"\n") > QUOTA)
    killed = running.finish(signal.SIGKILL)
    again = upload(*options)

    assert again.code == 0
    for done in (killed, again):
        assert '"event": "streaming"' in done.err
        assert '"event": "throttled"' not in done.err
    manifest = read_manifest(upload.ledger())
    assert manifest
    assert manifest.throttled == 0
    assert manifest.accepted + manifest.duplicates == manifest.valid_records
    assert refused_in_a_burst(guarded.url) > 0, "it refuses those who keep to no quota"
