import asyncio

import pytest
from aiohttp import ClientConnectionError
from yarl import URL

from connectors.avstar.sandbox import Faults


@pytest.mark.parametrize("fault", ["reset", "lost"])
async def test_the_client_sees_a_reset_and_no_orderly_end(start, fault):
    api = await start(faults=Faults({fault: 1.0}))
    url = URL(api.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = "POST /ingest HTTP/1.1\r\nHost: avstar\r\nAuthorization: Bearer sandbox\r\n"
    writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


@pytest.mark.parametrize("fault", ["reset", "lost"])
async def test_the_server_goes_on_and_logs_nothing(start, fault, caplog):
    api = await start(faults=Faults({fault: 1.0}))
    for _ in range(5):
        with pytest.raises(ClientConnectionError):
            await api.ingest()
    assert (await api.send("GET", "/healthz")).status == 200
    assert caplog.records == []
