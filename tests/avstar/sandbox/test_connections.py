import asyncio

from connectors.avstar.sandbox.connections import Connections


async def connect(server):
    return await asyncio.open_connection(*server.sockets[0].getsockname())


async def test_the_peak_is_the_most_connections_open_at_once():
    connections = Connections()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        first, second, third = [(await connect(server))[1] for _ in range(3)]
        connections.note(first.transport)
        connections.note(second.transport)
        assert connections.peak == 2
        first.close()
        connections.note(third.transport)
        assert connections.peak == 2
        for writer in (first, second, third):
            writer.close()
            await writer.wait_closed()


async def test_many_requests_on_one_connection_are_one_connection():
    connections = Connections()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        writer = (await connect(server))[1]
        for _ in range(10):
            connections.note(writer.transport)
        assert connections.peak == 1
        writer.close()
        await writer.wait_closed()


def test_before_the_first_request_there_is_no_connection():
    assert Connections().peak == 0
