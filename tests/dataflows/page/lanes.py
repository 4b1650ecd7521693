"""A delivery lane as those see it who look on."""

from types import SimpleNamespace
from typing import Any

from connectors.avstar.breaker import State


def lane(state: str = "closed", pause: float = 0.0) -> Any:
    return SimpleNamespace(
        state=State(state),
        openings=0,
        requests_in_flight=0,
        quota_used=lambda: 0.0,
        pause_left=lambda: pause,
    )
