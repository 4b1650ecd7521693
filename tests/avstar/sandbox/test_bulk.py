"""POST /ingest/bulk: many records in one request, and an answer for each."""

import json

import pytest

from connectors.avstar.sandbox import Faults, Rate, SandboxSettings
from connectors.errors import RefusedError
from tests.avstar.sandbox.conftest import SPOT


def record(number, **changes):
    return {"request_id": f"{number:032x}", **SPOT, "spot_id": f"SP{number}", **changes}


def statuses(answer):
    assert answer.status == 200
    return [one["status"] for one in answer.json()]


async def test_every_record_is_scheduled_and_answered_in_its_order(start):
    api = await start()

    answer = await api.ingest_bulk(*map(record, range(5)))

    assert answer.json() == [{"request_id": f"{number:032x}", "status": 201} for number in range(5)]
    assert [spot["spot_id"] for spot in await api.spots()] == [f"SP{n}" for n in range(5)]


async def test_a_bad_record_is_refused_alone(start):
    api = await start()

    answer = await api.ingest_bulk(record(1), record(2, duration_sec=0), record(3))

    assert statuses(answer) == [201, 422, 201]
    bad = answer.json()[1]
    assert bad["type"] == "urn:avstar:problem:invalid-record"
    assert bad["detail"].startswith("duration_sec: ")
    assert (await api.stats())["rejected"] == 1


async def test_where_it_is_all_or_nothing_one_bad_record_has_all_refused(start):
    api = await start(bulk_atomic=True)

    answer = await api.ingest_bulk(record(1), record(2, duration_sec=0))

    assert (answer.status, answer.problem) == (422, "invalid-record")
    assert f"{2:032x}: duration_sec: " in answer.json()["detail"]
    assert await api.spots() == []


async def test_a_record_is_known_again_however_it_is_sent(start):
    api = await start()
    await api.ingest(f"{1:032x}", spot_id="SP1")
    await api.ingest_bulk(record(2))

    answer = await api.ingest_bulk(record(1), record(2, station="WXYZ"), record(3))
    alone = await api.ingest(f"{3:032x}", spot_id="SP3")

    assert statuses(answer) == [409, 422, 201]
    assert [one.get("type", "").rpartition(":")[2] for one in answer.json()] == [
        "already-scheduled",
        "request-id-reused",
        "",
    ]
    assert alone.problem == "already-scheduled"
    stats = await api.stats()
    assert (stats["accepted"], stats["duplicates"], stats["conflicts"]) == (3, 2, 1)


async def test_a_request_id_twice_in_one_request_is_scheduled_once(start):
    api = await start()

    assert statuses(await api.ingest_bulk(record(1), record(1))) == [201, 409]
    assert len(await api.spots()) == 1


async def test_it_is_one_request_of_the_quota(start):
    api = await start(rate=Rate(2, 60))

    answers = [await api.ingest_bulk(*map(record, range(100 * n, 100 * n + 100))) for n in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    stats = await api.stats()
    assert (stats["requests"], stats["bulk_requests"], stats["spots"]) == (3, 2, 200)


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        (b"{", 400, "not-json"),
        (b"", 400, "not-json"),
        (b"[]", 422, "invalid-record"),
        (b"{}", 422, "invalid-record"),
        (b"null", 422, "invalid-record"),
        (b"[1]", 400, "invalid-request-id"),
        (b'[{"request_id": 1}]', 400, "invalid-request-id"),
        (b'[{"request_id": "AB"}]', 400, "invalid-request-id"),
        (json.dumps([record(1), {**SPOT}]).encode(), 400, "invalid-request-id"),
        (json.dumps([record(n) for n in range(11)]).encode(), 413, "too-large"),
        (b"[" + b" " * 5000 + b"]", 413, "too-large"),
    ],
)
async def test_what_cannot_be_answered_record_by_record_is_refused_whole(
    start, body, status, problem
):
    api = await start(max_bulk_records=10, max_bulk_bytes=5000)

    answer = await api.ingest_bulk(body=body)

    assert (answer.status, answer.problem) == (status, problem)
    assert await api.spots() == []


async def test_a_bulk_request_may_be_larger_than_a_single_one(start):
    api = await start(max_body_bytes=1000)

    assert statuses(await api.ingest_bulk(*map(record, range(100)))) == [201] * 100


async def test_it_wants_json_and_the_token(start):
    api = await start()

    assert (await api.ingest_bulk(record(1), headers={"Content-Type": "text/plain"})).status == 415
    assert (await api.ingest_bulk(record(1), token="wrong")).status == 401


async def test_without_bulk_requests_there_is_no_such_place(start):
    api = await start(max_bulk_records=0)

    assert (await api.ingest_bulk(record(1))).status == 404
    with pytest.raises(RefusedError, match="must be 0 or more"):
        SandboxSettings(max_bulk_records=-1)


async def test_a_partial_fault_fails_some_records_and_is_silent_of_others(start):
    api = await start(faults=Faults({"partial": 1.0}))

    answer = await api.ingest_bulk(*map(record, range(6)))

    assert [(int(one["request_id"], 16), one["status"]) for one in answer.json()] == [
        (0, 500),
        (2, 201),
        (3, 500),
        (5, 201),
    ]
    assert [spot["spot_id"] for spot in await api.spots()] == ["SP1", "SP2", "SP4", "SP5"]
    assert (await api.ingest(f"{9:032x}")).status == 500
    assert (await api.stats())["faults"]["partial"] == 2


@pytest.mark.parametrize(("fault", "scheduled"), [("reset", 0), ("500", 0), ("lost", 3)])
async def test_other_faults_strike_the_whole_request(start, fault, scheduled):
    api = await start(faults=Faults({fault: 1.0}))

    try:
        assert (await api.ingest_bulk(*map(record, range(3)))).status == 500
    except OSError:
        assert fault != "500"
    assert len(await api.spots()) == scheduled
