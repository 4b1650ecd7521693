"""Each peer does the job: every record posted once, in the form that it knows."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from benchmarks.peer.syslog_ng import syslog_ng
from dataflows.generate import Sample, generate

PEER = Path(__file__).parents[2] / "benchmarks" / "peer"
SPOTS = 40

NAMES = {
    "spot_id": "SpotID",
    "station": "StationCode",
    "airtime": "AirDateTime",
    "duration_sec": "Duration",
    "advertiser": "ClientName",
}


def command(name, folder, export, url):
    if name == "syslog-ng":
        return syslog_ng(folder, export, url)
    return [sys.executable, str(PEER / name), str(export), url]


@pytest.mark.parametrize("name", ["gathering.py", "requests_sink.py", "syslog-ng"])
async def test_a_peer_posts_every_record_once(tmp_path, name):
    if name == "syslog-ng" and not shutil.which(name):
        pytest.skip("syslog-ng is not installed")
    export, found, all_there = tmp_path / "day.ndjson", [], asyncio.Event()
    export.write_bytes(b"".join(generate(Sample(SPOTS, bad=0))))

    async def take(request):
        found.append(await request.json())
        if len(found) == SPOTS:
            all_there.set()
        return web.json_response({}, status=201)

    app = web.Application()
    app.add_routes([web.post("/ingest", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    words = command(name, tmp_path, export, f"http://{host}:{port}/ingest")
    process = await asyncio.create_subprocess_exec(*words, stderr=subprocess.DEVNULL)
    try:
        await asyncio.wait_for(all_there.wait(), 120)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await runner.cleanup()
    posted = [{NAMES.get(key, key): value for key, value in one.items()} for one in found]
    rows = [json.loads(line) for line in export.read_bytes().splitlines()]
    assert len(posted) == SPOTS
    assert {json.dumps(one, sort_keys=True) for one in posted} == {
        json.dumps(one, sort_keys=True) for one in rows
    }
