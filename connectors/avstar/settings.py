"""How to deliver: address, quota, patience."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from connectors.avstar.proxy import Proxy
from connectors.avstar.rate import Rate
from connectors.avstar.tls import Tls
from connectors.errors import RefusedError

_BOUNDS: dict[str, tuple[float, float]] = {
    "concurrency": (1, 10_000),
    "records_per_request": (1, 10_000),
    "connect_timeout": (0.01, 600),
    "request_timeout": (0.01, 3600),
    "backoff_base": (0, 3600),
    "backoff_max": (0, 3600),
    "max_attempts": (1, 1000),
    "breaker_failures": (1, 10_000),
    "breaker_pause": (0, 86_400),
    "drain_seconds": (0, 86_400),
}


@dataclass(frozen=True, kw_only=True)
class AvstarSettings:
    """Settings of a delivery; times in seconds, all checked when it is made.

    Args:
        api_url: Address of the API without `/ingest`, http or https.
        rate: The API's quota, all of which this delivery may use.
        concurrency: Most requests in flight, and connections, of all lanes together.
        records_per_request: Most spots in one request. With more than 1 they go to the API's bulk
            endpoint, and a request of several is one of the quota.
        connect_timeout: For a place in the pool and a connection: DNS, TCP, proxy, TLS.
        request_timeout: For a whole attempt, whatever it is that hangs.
        ca_file: PEM file of the authorities to trust, instead of the system's.
        client_cert: PEM file of our own certificate, for an API that asks for one.
        client_key: PEM file of its key, not encrypted; by default the certificate's file.
        proxy: HTTP proxy on the way to the API.
        backoff_base: Longest wait before the first repetition; it doubles each time.
        backoff_max: Longest wait before any repetition.
        max_attempts: Attempts at one spot before it is a dead letter.
        breaker_failures: Failed or throttled answers in a row that open the breaker.
        breaker_pause: How long an open breaker waits before it probes.
        drain_seconds: Time to settle the batch in hand when asked to stop.

    Raises:
        RefusedError: A value is out of range or the URL cannot be used.
    """

    api_url: str
    rate: Rate = field(default=Rate(600, 60))
    concurrency: int = 20
    records_per_request: int = 1
    connect_timeout: float = 10.0
    request_timeout: float = 30.0
    ca_file: Path | str | None = None
    client_cert: Path | str | None = None
    client_key: Path | str | None = None
    proxy: Proxy | None = None
    backoff_base: float = 0.5
    backoff_max: float = 30.0
    max_attempts: int = 8
    breaker_failures: int = 5
    breaker_pause: float = 60.0
    drain_seconds: float = 30.0

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise RefusedError(f"{name} is {value:g}; it must be from {least:g} to {most:g}")
        if self.rate.requests < 1 or not self.rate.seconds > 0:
            raise RefusedError(f"rate {self.rate} is no quota; write it as in 600/60")
        if self.backoff_max < self.backoff_base:
            raise RefusedError(
                f"backoff_max ({self.backoff_max:g} s) is less than backoff_base "
                f"({self.backoff_base:g} s); raise it"
            )
        _check_url(self.api_url)
        _ = self.tls

    @property
    def tls(self) -> Tls:
        """Certificates of connections, to the API and to whoever issues its tokens."""
        return Tls(ca_file=self.ca_file, client_cert=self.client_cert, client_key=self.client_key)

    def is_at(self, url: str | None) -> bool:
        """Tell whether this is the API at an address; it may have come back on another port."""
        ours, theirs = urlsplit(self.api_url), urlsplit(url or "")
        return (ours.hostname, ours.path.rstrip("/")) == (theirs.hostname, theirs.path.rstrip("/"))

    def shared(self, of: int) -> "AvstarSettings":
        """Return the settings of one of several lanes, which together keep quota and concurrency.

        Raises:
            RefusedError: There are more lanes than requests, in the quota or in flight.
        """
        if self.concurrency < of:
            raise RefusedError(
                f"concurrency {self.concurrency} cannot be shared by {of} lanes; use fewer"
            )
        return replace(self, rate=self.rate.share(of), concurrency=self.concurrency // of)

    @property
    def ingest_url(self) -> str:
        """Where spots are posted."""
        bulk = "/bulk" if self.records_per_request > 1 else ""
        return f"{self.api_url.rstrip('/')}/ingest{bulk}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.hostname.encode("idna")  # or no one can be asked for it
        usable = parts.scheme in {"http", "https"} and named and parts.port != 0
    except ValueError:
        usable = False
    usable = usable and url.isprintable() and " " not in url
    if any(mark in url for mark in "@?#"):  # first, since what is shown must hold no secret
        raise RefusedError("the API URL must hold no credentials, query or fragment")
    if not usable:
        raise RefusedError(f"API URL {url!r} cannot be used; write http(s)://host[:port][/path]")
