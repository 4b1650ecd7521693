import pytest

from connectors.avstar.sandbox import Faults


async def test_a_fresh_sandbox_has_counted_nothing(start):
    api = await start()
    assert await api.stats() == {
        "requests": 0,
        "bulk_requests": 0,
        "accepted": 0,
        "duplicates": 0,
        "conflicts": 0,
        "rejected": 0,
        "unauthorized": 0,
        "throttled": 0,
        "faults": {
            "500": 0,
            "reset": 0,
            "lost": 0,
            "slow": 0,
            "throttle": 0,
            "expired": 0,
            "partial": 0,
        },
        "spots": 0,
        "peak_connections": 0,
        "token_requests": 0,
        "tokens_issued": 0,
    }


async def test_looking_inside_is_not_counted(start):
    api = await start()
    await api.spots()
    await api.stats()
    await api.switch("faults", {})
    assert (await api.stats())["requests"] == 0


async def test_spots_come_as_they_were_sent(start):
    api = await start()
    await api.ingest("a" * 32, spot_id="SP-\u00e9", duration_sec=15)
    await api.ingest("b" * 32, airtime="2026-11-24T05:30:00.000-05:00")
    first, second = await api.spots()
    assert first == {
        "request_id": "a" * 32,
        "spot_id": "SP-\u00e9",
        "station": "KABC",
        "airtime": "2026-11-24T05:30:00-05:00",
        "duration_sec": 15,
        "advertiser": "Müller & Söhne",
    }
    assert second["airtime"] == "2026-11-24T05:30:00.000-05:00"


async def test_spots_are_ndjson(start):
    api = await start()
    assert (await api.send("GET", "/_sandbox/spots")).headers["Content-Type"] == (
        "application/x-ndjson"
    )


async def test_faults_are_switched_on_and_off(start):
    api = await start()
    assert (await api.switch("faults", {"500": 1.0})).status == 204
    assert (await api.ingest()).status == 500
    assert (await api.switch("faults", {})).status == 204
    assert (await api.ingest()).status == 201


async def test_new_faults_replace_the_old_ones(start):
    api = await start(faults=Faults({"500": 1.0}))
    await api.switch("faults", {"throttle": 1.0})
    assert (await api.ingest()).status == 429


async def test_a_new_token_replaces_the_old_one(start):
    api = await start(token="yesterday")
    assert (await api.ingest(token="yesterday")).status == 201
    assert (await api.switch("token", {"token": "today"})).status == 204
    assert (await api.ingest(token="yesterday")).status == 401
    assert (await api.ingest(token="today")).status == 409


@pytest.mark.parametrize("value", [{"fire": 1.0}, {"lost": 2}, {"lost": "often"}, [], "lost", None])
async def test_faults_that_cannot_be_are_refused_and_change_nothing(start, value):
    api = await start(faults=Faults({"500": 1.0}))
    answer = await api.switch("faults", value)
    assert (answer.status, answer.problem) == (422, "invalid-switch")
    assert (await api.ingest()).status == 500


@pytest.mark.parametrize("value", [{}, {"token": ""}, {"token": 7}, [], "today"])
async def test_a_token_that_cannot_be_is_refused_and_changes_nothing(start, value):
    api = await start()
    answer = await api.switch("token", value)
    assert (answer.status, answer.problem) == (422, "invalid-switch")
    assert (await api.ingest()).status == 201


@pytest.mark.parametrize("name", ["faults", "token"])
async def test_a_switch_that_is_no_json_is_refused(start, name):
    api = await start()
    answer = await api.send("PUT", f"/_sandbox/{name}", data=b"\xff{")
    assert (answer.status, answer.problem) == (422, "invalid-switch")
