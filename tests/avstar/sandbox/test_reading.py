import asyncio
import json

import pytest
from yarl import URL


async def test_a_proper_request_is_scheduled(start):
    api = await start()
    answer = await api.ingest()
    assert answer.status == 201
    assert answer.json() == {
        "request_id": "0123456789abcdef0123456789abcdef",
        "status": "scheduled",
    }


async def test_a_trace_context_is_welcome_and_a_broken_one_is_ignored(start):
    api = await start()
    assert (await api.ingest("a" * 32, headers={"traceparent": "garbage"})).status == 201
    good = f"00-{'b' * 32}-{'c' * 16}-01"
    assert (await api.ingest("b" * 32, headers={"traceparent": good})).status == 201


@pytest.mark.parametrize(
    "request_id",
    [None, "", "abc", "A" * 32, "g" * 32, "0" * 33, "0123456789ab-def0123456789abcdef0"],
)
async def test_a_request_id_must_be_32_lower_case_hex_digits(start, request_id):
    api = await start()
    answer = await api.ingest(headers={"X-Request-ID": request_id})
    assert (answer.status, answer.problem) == (400, "invalid-request-id")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_must_be_declared_as_json(start, content_type):
    api = await start()
    answer = await api.ingest(headers={"Content-Type": content_type})
    assert (answer.status, answer.problem) == (415, "unsupported-media-type")


async def test_a_charset_may_be_named(start):
    api = await start()
    answer = await api.ingest(headers={"Content-Type": "application/json; charset=utf-8"})
    assert answer.status == 201


@pytest.mark.parametrize("body", [b"", b"{", b"spot", b'{"spot_id": "\xff"}', b"[" * 10_000])
async def test_a_body_that_is_no_json_is_a_bad_request(start, body):
    api = await start()
    answer = await api.ingest(body=body)
    assert (answer.status, answer.problem) == (400, "not-json")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"spot"', b"{}"])
async def test_json_that_is_no_spot_breaks_the_schema(start, body):
    api = await start()
    answer = await api.ingest(body=body)
    assert (answer.status, answer.problem) == (422, "invalid-record")


async def test_the_detail_names_every_member_at_fault(start):
    api = await start()
    answer = await api.ingest(duration_sec=0, station="", colour="red")
    assert answer.problem == "invalid-record"
    detail = answer.json()["detail"]
    assert all(f"{name}: " in detail for name in ("duration_sec", "station", "colour"))


async def test_a_body_over_the_limit_is_too_large(start):
    api = await start(max_body_bytes=1000)
    assert (await api.ingest(advertiser="x" * 800)).status == 201
    answer = await api.ingest("f" * 32, advertiser="x" * 1000)
    assert (answer.status, answer.problem) == (413, "too-large")


async def test_refused_requests_schedule_nothing_and_are_counted(start):
    api = await start()
    await api.ingest(body=b"{")
    await api.ingest(duration_sec=0)
    await api.ingest("short")
    stats = await api.stats()
    assert (stats["requests"], stats["rejected"], stats["spots"]) == (3, 3, 0)


async def test_a_client_killed_in_the_middle_of_its_body_leaves_no_trace_but_a_count(start, caplog):
    api = await start()
    url = URL(api.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = "POST /ingest HTTP/1.1\r\nHost: avstar\r\nAuthorization: Bearer sandbox\r\n"
    head += f"X-Request-ID: {'a' * 32}\r\nContent-Type: application/json\r\nContent-Length: 90\r\n"
    writer.write(f"{head}\r\n{json.dumps({'spot_id': 'SP1'})}".encode())
    await writer.drain()
    await api.until("requests")
    writer.transport.abort()
    await api.until("rejected")
    assert caplog.records == []
    assert (await api.stats())["spots"] == 0
