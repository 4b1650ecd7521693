"""An HTTP proxy on the way to a server."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from typing_extensions import override

from connectors.errors import RefusedError


@dataclass(frozen=True, repr=False)
class Proxy:
    """A forward proxy; https targets are reached through it by CONNECT.

    The credentials in its URL are never shown: as text it is its address without them.

    Args:
        url: As in http://user:password@host:3128, credentials and port optional.

    Raises:
        RefusedError: The URL cannot be used.
    """

    url: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme == "http" and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise RefusedError(
                "the proxy's URL cannot be used; write http://[user:password@]host[:port]"
            )

    @override
    def __str__(self) -> str:
        return "http://" + urlsplit(self.url).netloc.rpartition("@")[2]

    @override
    def __repr__(self) -> str:
        return f"Proxy({str(self)!r})"
