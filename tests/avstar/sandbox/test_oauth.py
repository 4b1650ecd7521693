"""The token endpoint, as a client sees it."""

from base64 import b64encode
from time import monotonic

import aiohttp
import pytest

from connectors.avstar.sandbox import Faults

GRANT = {"grant_type": "client_credentials"}


def basic(client_id="sandbox", secret="sandbox"):
    return f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"


async def ask(api, form=GRANT, authorization=None, **options):
    headers = {"Authorization": basic() if authorization is None else authorization}
    return await api.send("POST", "/oauth/token", data=form, headers=headers, **options)


async def test_a_client_is_issued_a_token_that_the_api_accepts(start):
    api = await start(token_seconds=90)
    answer = await ask(api)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    document = answer.json()
    token = document.pop("access_token")
    assert document == {"token_type": "Bearer", "expires_in": 90}
    assert (await api.ingest(token=token)).status == 201
    assert (await api.ingest(token="sandbox")).status == 409


async def test_each_token_is_another_and_all_are_good(start):
    api = await start()
    tokens = [(await ask(api)).json()["access_token"] for _ in range(3)]
    assert len(set(tokens)) == 3
    assert [(await api.ingest(token=token)).status for token in tokens] == [201, 409, 409]
    stats = await api.stats()
    assert (stats["token_requests"], stats["tokens_issued"], stats["requests"]) == (3, 3, 3)


async def test_a_token_is_refused_once_it_has_run_out(start):
    api = await start(token_seconds=1)
    began = monotonic()
    token = (await ask(api)).json()["access_token"]
    while (await api.ingest(token=token)).status != 401:
        assert monotonic() - began < 10
    assert monotonic() - began >= 1


async def test_the_client_may_have_any_characters(start):
    api = await start(client_id="né: d", client_secret="a+b %&=ü")
    good = "n%C3%A9%3A+d", "a%2Bb+%25%26%3D%C3%BC"
    assert (await ask(api, authorization=basic(*good))).status == 200
    assert (await ask(api, authorization=basic("né: d", "a+b %&=ü"))).status == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !",
        "Basic \u00e4",
        f"Basic {b64encode(bytes([255])).decode()}",
        basic().replace("Basic", "Bearer"),
        basic("other"),
        basic(secret="other"),
        basic(secret=""),
    ],
)
async def test_another_client_is_issued_nothing(start, authorization):
    api = await start()
    answer = await ask(api, authorization=authorization)
    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert (await api.stats())["tokens_issued"] == 0


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ([("grant_type", "client_credentials"), ("grant_type", "x")], "invalid_request"),
        (b"\xff", "invalid_request"),
    ],
)
async def test_another_form_is_issued_nothing_and_told_why(start, form, error):
    data = form if isinstance(form, bytes) else aiohttp.FormData(form)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": basic()}
    answer = await (await start()).send("POST", "/oauth/token", data=data, headers=headers)
    assert (answer.status, answer.json()["error"]) == (400, error)


async def test_a_form_must_be_declared_as_one(start):
    headers = {"Content-Type": "application/json", "Authorization": basic()}
    answer = await (await start()).send("POST", "/oauth/token", json=GRANT, headers=headers)
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


async def test_other_parameters_are_ignored(start):
    assert (await ask(await start(), {**GRANT, "scope": "a b", "x": ""})).status == 200


@pytest.mark.parametrize(
    ("fault", "status"), [("500", 500), ("throttle", 429), ("expired", 401), ("slow", 200)]
)
async def test_its_faults_are_switched_by_themselves(start, fault, status):
    api = await start()
    share = "1:0.01" if fault == "slow" else 1
    assert (await api.switch("oauth-faults", {fault: share})).status == 204
    assert [(await ask(api)).status, (await api.ingest()).status] == [status, 201]
    assert (await api.switch("oauth-faults", {})).status == 204
    assert (await ask(api)).status == 200


@pytest.mark.parametrize(("fault", "issued"), [("reset", 0), ("lost", 1)])
async def test_its_connections_can_be_cut(start, fault, issued):
    api = await start(oauth_faults=Faults({fault: 1.0}))
    with pytest.raises(aiohttp.ClientError):
        await ask(api)
    assert (await api.stats())["tokens_issued"] == issued


async def test_faults_that_cannot_be_are_refused_here_too(start):
    answer = await (await start()).switch("oauth-faults", {"fire": 1})
    assert (answer.status, answer.problem) == (422, "invalid-switch")


async def test_a_throttled_client_is_told_when_to_come_back(start):
    api = await start(oauth_faults=Faults({"throttle": 1.0}))
    assert (await ask(api)).headers["Retry-After"] == "1"
