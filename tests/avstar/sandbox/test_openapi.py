"""The contract: what the server says of itself is what it does."""

import json
from base64 import b64encode
from pathlib import Path
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from connectors.avstar.sandbox import server
from connectors.avstar.sandbox.record import SpotRecord

DOCUMENT = Path(server.__file__).with_name("openapi.json")

# A missing request ID is a bad request; versions of the checker differ on what they expect.
CONFIG = {"checks": {"missing_required_header": {"expected-statuses": [400]}}}

CREDENTIALS = {
    "/ingest": "Bearer sandbox",
    "/ingest/bulk": "Bearer sandbox",
    "/oauth/token": f"Basic {b64encode(b'sandbox:sandbox').decode()}",
    "/healthz": "",
}

contract = schemathesis.openapi.from_path(DOCUMENT, config=schemathesis.Config.from_dict(CONFIG))


@pytest.fixture(params=["409", "plain"])
def url(sandbox_process, request):
    # Valid data may repeat a request ID with other content; as a 409 that is no refusal of it.
    # A bad record has its bulk request refused, as the checker expects, and not just itself.
    return sandbox_process("--rate", "1000000/1", "--conflict", request.param, "--bulk-atomic").url


@contract.parametrize()
@settings(
    derandomize=True,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one server for all inputs
)
def test_every_answer_keeps_the_contract(case, url):
    case.call_and_validate(base_url=url, headers={"Authorization": CREDENTIALS[case.path]})


def test_the_contract_names_public_endpoints_only():
    assert set(json.loads(DOCUMENT.read_bytes())["paths"]) == set(CREDENTIALS)


def test_the_server_publishes_its_contract(url):
    with urlopen(f"{url}/openapi.json", timeout=10) as response:
        assert response.headers.get_content_type() == "application/json"
        assert response.read() == DOCUMENT.read_bytes()


def test_the_contract_describes_the_record_that_is_checked():
    def essence(schema):
        names = ("type", "minLength", "exclusiveMinimum", "maximum")
        properties = {
            name: {key: value for key, value in property_.items() if key in names}
            for name, property_ in schema["properties"].items()
        }
        return properties, sorted(schema["required"]), schema["additionalProperties"]

    published = json.loads(DOCUMENT.read_bytes())["components"]["schemas"]
    assert essence(published["Spot"]) == essence(SpotRecord.model_json_schema())
    of_bulk = published["Spots"]["items"]
    assert of_bulk["required"].pop(0) == "request_id"
    assert of_bulk["properties"].pop("request_id")
    assert essence(of_bulk) == essence(published["Spot"])
