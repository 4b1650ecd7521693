"""What the sandbox has seen since it started."""

from dataclasses import asdict, dataclass, field
from typing import Any

from connectors.avstar.sandbox.faults import FAULTS, Fault


@dataclass(slots=True)
class Stats:
    """Counts of POST /ingest, and of POST /oauth/token in `token_requests` and `tokens_issued`.

    Every request is counted once in `accepted` (scheduled), `duplicates`, `conflicts`, `rejected`
    (body or headers), `unauthorized`, `throttled` (by the window), or as a fault that came instead
    of these: `500`, `reset`, `throttle`, `expired`. `lost` and `slow` come on top of them. Of the
    requests `bulk_requests` were read as such; the first four count each record of theirs, but for
    those that a `partial` fault did not schedule.
    """

    requests: int = 0
    bulk_requests: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    unauthorized: int = 0
    throttled: int = 0
    peak_connections: int = 0
    token_requests: int = 0
    tokens_issued: int = 0
    faults: dict[Fault, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0))

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON knows them."""
        return asdict(self)
