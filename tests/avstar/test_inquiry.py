from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from aiohttp import web

from connectors.avstar.inquiry import inquire
from connectors.avstar.settings import AvstarSettings

TOKEN = "secret-3f9a"


@pytest.fixture
def ask(serve):
    """Ask a server that answers with a status, and return what was learnt and what it saw."""

    async def ask(status, text="", **headers):
        seen = []

        async def handler(request):
            seen.append((request.method, request.headers["Authorization"], await request.read()))
            return web.Response(status=status, text=text, headers=headers)

        found = await inquire(AvstarSettings(api_url=await serve(handler)), TOKEN)
        assert seen == [("GET", f"Bearer {TOKEN}", b"")]
        return found

    return ask


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [
        (200, "ok", "takes the token"),
        (405, "ok", "the first spot will prove the token"),
        (501, "ok", "the first spot will prove the token"),
        (301, "FAIL", "check the URL"),
        (401, "FAIL", "the token is refused"),
        (403, "FAIL", "check its rights"),
        (404, "FAIL", "check the URL"),
        (429, "warn", "a run would wait"),
        (503, "warn", "a run would wait"),
    ],
)
async def test_an_answer_is_put_into_words(ask, status, level, words):
    found = await ask(status)
    assert found.level == level
    assert f"/ingest answers {status}" in found.words
    assert words in found.words


async def test_where_nothing_is_taken_in_bulk_it_says_what_to_do(sandbox):
    api = await sandbox(max_bulk_records=0)
    bulk = AvstarSettings(api_url=api.url, records_per_request=100)
    found = await inquire(bulk, "sandbox")
    assert found.level == "FAIL"
    assert "/ingest/bulk answers 404" in found.words
    assert "--records-per-request 1" in found.words


async def test_the_servers_words_are_repeated_without_the_token(ask):
    assert "(no such token: ***)" in (await ask(401, f"no such token: {TOKEN}")).words


async def test_headers_tell_of_clock_and_quota(ask):
    ahead = datetime.now(timezone.utc) + timedelta(seconds=90)
    quota = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "550"}
    found = await ask(405, Date=format_datetime(ahead, usegmt=True), **quota)
    assert 60 < found.skew < 95
    assert [(one.limit, one.remaining) for one in found.announced] == [(600, 550)]


async def test_a_server_that_is_not_there_is_a_finding_and_no_error():
    found = await inquire(AvstarSettings(api_url="http://127.0.0.1:1"), TOKEN)
    assert found.level == "FAIL"
    assert "127.0.0.1:1/ingest: connection failed" in found.words
