"""Requests through tinyproxy, which wants a password, on both event loops that there are."""

import asyncio
import shutil
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection, create_server
from typing import Any

import pytest
import trustme
import uvloop

from connectors.avstar.answer import Answer
from connectors.avstar.client import Client
from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.proxy import Proxy
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.records import Receipt, Spot
from connectors.request_id import request_id

TINYPROXY = shutil.which("tinyproxy")
SECONDS = 60
SPOTS = 30

pytestmark = pytest.mark.skipif(
    not TINYPROXY, reason="tinyproxy is not installed (tinyproxy-bin); .ci/run installs it"
)

CONFIGURATION = """
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
BasicAuth me hush-4711
LogFile "{folder}/log"
PidFile "{folder}/pid"
DisableViaHeader Yes
"""

Run = Callable[[Coroutine[Any, Any, Any]], Any]


both_loops = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
both_schemes = pytest.mark.parametrize("scheme", ["http", "https"])


@pytest.fixture(scope="module")
def tinyproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start tinyproxy and give its address."""
    folder = tmp_path_factory.mktemp("tinyproxy")
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "conf").write_text(CONFIGURATION.format(port=port, folder=folder))
    with subprocess.Popen([str(TINYPROXY), "-d", "-c", folder / "conf"]) as process:
        try:
            deadline = time.monotonic() + SECONDS
            while True:
                with suppress(ConnectionRefusedError):
                    create_connection(("127.0.0.1", port)).close()
                    break
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


class Target:
    """An API that accepts everything; `told` are the headers that it got."""

    def __init__(self, url: str, ca_file: Path, told: list[str]) -> None:
        self.url = url
        self.ca_file = ca_file
        self.told = told

    def settings(self, proxy: str) -> AvstarSettings:
        return AvstarSettings(
            api_url=self.url,
            proxy=Proxy(proxy),
            ca_file=self.ca_file,
            rate=Rate(100_000, 1),
            backoff_base=0.01,
            breaker_failures=1000,  # it closes connections to plain servers without saying so
        )

    async def attempt(self, proxy: str) -> Answer:
        client = Client(self.settings(proxy))
        await client.open()
        answer = await client.attempt([_spot(1)], "s3cret-token")
        await client.close()
        return answer

    async def deliver(self, proxy: str) -> Counter[str]:
        settings = self.settings(proxy)
        credentials = Credentials(StaticToken("s3cret-token"), settings)
        delivery = Delivery(settings, credentials)
        settled = await delivery.deliver([_spot(number) for number in range(SPOTS)])
        await delivery.close()
        return Counter(one.outcome for one in settled if isinstance(one, Receipt))


@pytest.fixture
def target(scheme: str, tmp_path: Path) -> Iterator[Target]:
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told.append(str(self.headers))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if scheme == "https":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert("localhost").configure_cert(context)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield Target(f"{scheme}://localhost:{server.server_port}", tmp_path / "ca.pem", told)
        server.shutdown()
        thread.join()


def _spot(number: int) -> Spot:
    spot_id, station, airtime = f"SP{number}", "KABC", "2026-11-24T05:30:00-05:00"
    return Spot(
        line=number,
        offset=0,
        spot_id=spot_id,
        station=station,
        airtime=airtime,
        duration=30,
        advertiser="Acme",
        request_id=request_id(spot_id, airtime, "ab" * 32, station),
        raw=b"raw",
    )


@both_loops
@both_schemes
def test_with_the_password_every_spot_arrives(run: Run, tinyproxy: str, target: Target) -> None:
    delivered = run(target.deliver(f"http://me:hush-4711@{tinyproxy}"))

    assert delivered == {"accepted": SPOTS}
    assert "proxy-authorization" not in "".join(target.told).lower()


@both_loops
@pytest.mark.parametrize(
    ("scheme", "login", "verdict"),
    [
        ("http", "", Verdict.HALT),
        ("https", "", Verdict.HALT),
        ("https", "me:hush-wrong@", Verdict.HALT),
        # tinyproxy says 401 then, which may as well be the API's; a second one halts the run
        ("http", "me:hush-wrong@", Verdict.UNAUTHORIZED),
    ],
)
def test_without_it_the_run_halts_and_nothing_shows_what_was_tried(
    run: Run, login: str, verdict: Verdict, tinyproxy: str, target: Target
) -> None:
    answer = run(target.attempt(f"http://{login}{tinyproxy}"))

    assert judge(answer, proven=True) is verdict
    assert "hush" not in repr(answer)
    assert not target.told
