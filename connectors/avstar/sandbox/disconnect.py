"""Ending a connection the way a crash does."""

import socket
import struct

from aiohttp import web

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: the peer gets a TCP reset instead of an orderly end."""


def disconnect(request: web.Request) -> web.Response:
    """Reset the request's connection; the response is a formality that nobody receives."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        request.transport.abort()
    return web.Response()
