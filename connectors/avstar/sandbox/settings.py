"""Everything that can be set about a sandbox."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from connectors.avstar.rate import Rate
from connectors.avstar.sandbox.announcement import Announcement, RetryAfter
from connectors.avstar.sandbox.faults import Faults
from connectors.avstar.sandbox.latency import Latency
from connectors.errors import RefusedError

Conflict = Literal[409, 422, "plain"]

DEFAULT_RATE = Rate(600, 60)
MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How a sandbox behaves.

    `port` 0 takes a free one. `token` is accepted as long as the sandbox serves, what the client
    is issued for `token_seconds`; `oauth_faults` strike where it is issued. `database` keeps the
    scheduled spots from one start to the next; None is a temporary one. `conflict` is the status
    for a request ID that comes with another spot; `plain` answers it as if the spot were the same.
    `seed` decides which requests the faults strike. A body over `max_body_bytes` is refused.
    A bulk request may hold `max_bulk_records` (with 0 there are none) in `max_bulk_bytes`; with
    `bulk_atomic` one record that breaks the schema has all of them refused.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str = field(default="sandbox", repr=False)
    client_id: str = "sandbox"
    client_secret: str = field(default="sandbox", repr=False)
    token_seconds: int = 3600
    database: Path | None = None
    rate: Rate = DEFAULT_RATE
    retry_after: RetryAfter = "seconds"
    announce: Announcement = "none"
    conflict: Conflict = 422
    faults: Faults = field(default_factory=Faults)
    oauth_faults: Faults = field(default_factory=Faults)
    latency: Latency = field(default_factory=Latency)
    seed: int = 0
    max_body_bytes: int = 65536
    max_bulk_records: int = 1000
    max_bulk_bytes: int = 16 << 20
    bulk_atomic: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise RefusedError(f"port must be 0 to {MAX_PORT}, not {self.port}")
        if not self.token or not self.token.isascii() or not self.token.isprintable():
            raise RefusedError("token must be printable ASCII and not empty")
        if not self.client_id or not self.client_secret:
            raise RefusedError("client ID and client secret must not be empty")
        if self.max_bulk_records < 0:
            raise RefusedError("records of a bulk request must be 0 or more")
        if self.token_seconds < 1:
            raise RefusedError("a token must be accepted for 1 s or more")
