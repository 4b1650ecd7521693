"""How many connections the clients hold open."""

import asyncio


class Connections:
    """Open connections that have carried a request, and the most there were at once."""

    def __init__(self) -> None:
        self.peak = 0
        self._open: set[asyncio.BaseTransport] = set()

    def note(self, transport: asyncio.BaseTransport) -> None:
        """Take note of a request's connection."""
        if transport in self._open:
            return
        self._open = {other for other in self._open if not other.is_closing()} | {transport}
        self.peak = max(self.peak, len(self._open))
