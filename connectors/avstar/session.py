"""HTTP sessions as all that talk to a server here need them: bounded, impatient, verified."""

import math
import socket
from contextlib import suppress

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from typing_extensions import override
from yarl import URL

from connectors.avstar.settings import AvstarSettings
from connectors.avstar.tls import Tls

_DNS_SECONDS = 300
_PROBES = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""An idle connection is asked after 15 s whether it lives and given up after three silences of 5 s,
so that firewalls do not forget it and the first request after a pause does not find it dead."""


class _Connector(aiohttp.TCPConnector):
    """Drops a connection that failed at once.

    A TLS connection would wait for the other side's good-bye: 30 s, on Python 3.10 for ever. While
    an API is silent that is a file descriptor for every attempt.
    """

    @override
    def _release(
        self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        if (should_close or protocol.should_close) and protocol.transport:
            protocol.transport.abort()
        super()._release(key, protocol, should_close=should_close)


def new_session(settings: AvstarSettings) -> aiohttp.ClientSession:
    """Open a session; needs the running event loop. Variables such as HTTPS_PROXY do not count.

    Raises:
        RefusedError: A certificate or key cannot be used.
    """
    tls, proxy = settings.tls, settings.proxy

    def new_socket(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, _ = address
        return _kept_alive(socket.socket(family, kind, protocol), settings.request_timeout)

    return aiohttp.ClientSession(
        connector=_Connector(
            limit=settings.concurrency,
            limit_per_host=settings.concurrency,
            ttl_dns_cache=_DNS_SECONDS,
            ssl=True if tls == Tls() else tls.context(),  # True verifies too, and is read once
            socket_factory=new_socket,
        ),
        timeout=aiohttp.ClientTimeout(
            total=settings.request_timeout,
            connect=settings.connect_timeout,
            sock_connect=settings.connect_timeout,
            sock_read=settings.request_timeout,
            ceil_threshold=math.inf,  # not rounded up to whole seconds
        ),
        proxy=URL(proxy.url) if proxy else None,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Accept", "Accept-Encoding"),  # answers are short, and problems JSON
    )


def _kept_alive(one: socket.socket, unanswered: float) -> socket.socket:
    """Have the system watch a connection; what nobody acknowledges for so long is lost."""
    with suppress(OSError, AttributeError):  # a system may lack some; requests work without them
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (_PROBES | {"TCP_USER_TIMEOUT": math.ceil(1000 * unanswered)}).items():
            one.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return one
