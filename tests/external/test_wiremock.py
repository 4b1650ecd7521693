"""Broken HTTP by WireMock: every fault it knows is given up in time and then sent again."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from connectors.avstar.client import Client
from connectors.avstar.credentials import Credentials
from connectors.avstar.delivery import Delivery
from connectors.avstar.outcome import Verdict, judge
from connectors.avstar.rate import Rate
from connectors.avstar.settings import AvstarSettings
from connectors.avstar.token import StaticToken
from connectors.records import Receipt, Spot
from connectors.request_id import request_id

WIREMOCK, JAVA = shutil.which("wiremock"), shutil.which("java")
REQUEST_SECONDS = 2.0
PATIENCE = 180
"""For the test itself, and for Java to start; aiohttp's own patience would be 300 s."""

pytestmark = pytest.mark.skipif(
    not (WIREMOCK and JAVA), reason="WireMock (npm) or Java is not installed; .ci/run installs them"
)

FAULTS = {
    "EMPTY_RESPONSE": {"fault": "EMPTY_RESPONSE"},
    "CONNECTION_RESET_BY_PEER": {"fault": "CONNECTION_RESET_BY_PEER"},
    "MALFORMED_RESPONSE_CHUNK": {"fault": "MALFORMED_RESPONSE_CHUNK"},
    "RANDOM_DATA_THEN_CLOSE": {"fault": "RANDOM_DATA_THEN_CLOSE"},
    "dribble": {
        "status": 201,
        "body": "scheduled" * 100,
        "chunkedDribbleDelay": {"numberOfChunks": 200, "totalDuration": 120_000},
    },
    "delay": {"status": 201, "fixedDelayMilliseconds": 120_000},
}
every_fault = pytest.mark.parametrize("fault", FAULTS)


class WireMock:
    """A server that answers as it is told, below an address for each test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = build_opener(ProxyHandler({}))

    def first(self, name: str, response: dict[str, Any]) -> str:
        """Answer the first request below `name` so, and later ones with 201; return the URL."""
        self._stub(name, "Started", "later", response)
        self._stub(name, "later", "later", {"status": 201})
        return f"{self.url}/{name}"

    def warm_up(self) -> None:
        """Have Java load what answers need, which takes it seconds."""
        url = self.first("warm-up", {"status": 201})
        for _ in range(20):
            self._opener.open(Request(f"{url}/ingest", b"{}"), timeout=PATIENCE).close()

    def _stub(self, name: str, state: str, then: str, response: dict[str, Any]) -> None:
        mapping = {
            "scenarioName": name,
            "requiredScenarioState": state,
            "newScenarioState": then,
            "request": {"method": "POST", "urlPath": f"/{name}/ingest"},
            "response": response,
        }
        request = Request(f"{self.url}/__admin/mappings", json.dumps(mapping).encode())
        self._opener.open(request, timeout=PATIENCE).close()


@pytest.fixture(scope="module")
def wiremock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireMock]:
    (jar,) = Path(str(WIREMOCK)).resolve().parent.glob("build/*.jar")
    log = tmp_path_factory.mktemp("wiremock") / "log"
    options = ["--port", "0", "--bind-address", "127.0.0.1", "--no-request-journal"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(JAVA), "-jar", jar, *options], stdout=file, stderr=file, cwd=log.parent
        )
    try:
        server = WireMock(f"http://127.0.0.1:{_port(process, log)}")
        server.warm_up()
        yield server
    finally:
        process.kill()
        process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while True:
        for line in log.read_text().splitlines():
            if line.startswith("port:") and line.split()[-1] != "0":
                return int(line.split()[-1])
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.fixture
def spot() -> Spot:
    spot_id, station, airtime = "SP1", "KABC", "2026-11-24T05:30:00-05:00"
    identity = request_id(spot_id, airtime, "ab" * 32, station)
    return Spot(
        line=1,
        offset=0,
        spot_id=spot_id,
        station=station,
        airtime=airtime,
        duration=30,
        advertiser="Acme",
        request_id=identity,
        raw=b"raw",
    )


def settings(url: str) -> AvstarSettings:
    return AvstarSettings(
        api_url=url,
        rate=Rate(10_000, 0.1),
        connect_timeout=PATIENCE,
        request_timeout=REQUEST_SECONDS,
        backoff_base=0.01,
    )


@every_fault
async def test_a_fault_is_a_transient_answer_within_the_time_of_a_request(
    fault: str, wiremock: WireMock, spot: Spot
) -> None:
    client = Client(settings(wiremock.first(f"attempt-{fault}", FAULTS[fault])))
    await client.open()

    answer = await asyncio.wait_for(client.attempt([spot], "t"), PATIENCE)
    await client.close()

    assert judge(answer, proven=False) is Verdict.TRANSIENT
    assert answer.status is None


@every_fault
async def test_after_a_fault_the_spot_is_sent_again_and_accepted(
    fault: str, wiremock: WireMock, spot: Spot
) -> None:
    patient = settings(wiremock.first(f"delivery-{fault}", FAULTS[fault]))
    delivery = Delivery(patient, Credentials(StaticToken("t"), patient))

    (receipt,) = await asyncio.wait_for(delivery.deliver([spot]), PATIENCE)
    await delivery.close()

    assert isinstance(receipt, Receipt)
    assert receipt.outcome == "accepted"
    assert receipt.attempts > 1
