import asyncio
import sqlite3
from contextlib import closing
from time import monotonic

import pytest
from aiohttp import ClientConnectionError

from connectors.avstar.sandbox import Faults, Latency, Sandbox, SandboxSettings
from connectors.avstar.sandbox.server import COMMIT_SECONDS
from connectors.errors import RefusedError


async def test_a_free_port_is_found_and_told(start):
    first, second = await start(), await start()
    assert first.url.startswith("http://127.0.0.1:")
    assert first.url != second.url


async def test_health_needs_no_token(start):
    api = await start()
    answer = await api.send("GET", "/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "up"})


async def test_no_settings_are_needed():
    async with Sandbox() as sandbox:
        assert sandbox.url


async def test_a_taken_port_is_refused_and_nothing_stays_open(start, tmp_path):
    port = int((await start()).url.rpartition(":")[2])
    settings = SandboxSettings(port=port, database=tmp_path / "spots.db")
    with pytest.raises(RefusedError, match=f"127.0.0.1:{port} cannot be listened on"):
        await Sandbox(settings).__aenter__()
    assert [path.name for path in tmp_path.iterdir()] == ["spots.db"]  # no -wal: it was closed


async def test_a_database_that_cannot_be_used_is_refused(tmp_path):
    settings = SandboxSettings(database=tmp_path / "nowhere" / "spots.db")
    with pytest.raises(RefusedError, match=r"nowhere/spots\.db: unable to open"):
        await Sandbox(settings).__aenter__()


async def test_spots_are_on_disk_soon_without_a_stop(start, tmp_path):
    api = await start(database=tmp_path / "spots.db")
    await api.ingest()
    with closing(sqlite3.connect(tmp_path / "spots.db")) as database:
        for _ in range(100):
            await asyncio.sleep(COMMIT_SECONDS)
            (count,) = database.execute("SELECT count(*) FROM spots").fetchone()
            if count:
                break
    assert count == 1


async def test_a_stop_commits_everything(tmp_path, start):
    settings = SandboxSettings(database=tmp_path / "spots.db")
    async with Sandbox(settings) as sandbox:
        api = await start()
        api.url = sandbox.url
        await api.ingest()
    with closing(sqlite3.connect(tmp_path / "spots.db")) as database:
        assert database.execute("SELECT count(*) FROM spots").fetchone() == (1,)


async def test_a_database_is_remembered_by_the_next_sandbox(start, tmp_path):
    api = await start()
    for status in (201, 409):
        async with Sandbox(SandboxSettings(database=tmp_path / "spots.db")) as sandbox:
            api.url = sandbox.url
            assert (await api.ingest()).status == status


async def test_a_stop_lets_short_answers_finish_and_cuts_long_ones_off(start):
    api = await start()
    async with Sandbox(SandboxSettings(latency=Latency(0.2))) as sandbox:
        api.url = sandbox.url
        short = asyncio.create_task(api.ingest())
        await api.until("requests")
    assert (await short).status == 201
    async with Sandbox(SandboxSettings(faults=Faults({"slow": 1.0}, 3600))) as sandbox:
        api.url = sandbox.url
        long = asyncio.create_task(api.ingest())
        await api.until("requests")
        began = monotonic()
    assert monotonic() - began < 10
    with pytest.raises(ClientConnectionError):
        await long
