"""Whether a process lives: it makes progress, or has a reason to wait."""

from collections.abc import Hashable

PATIENCE_SECONDS = 600.0
"""Longest step that leaves no mark: a ledger of gigabytes is digested when it is sealed."""


class Pulse:
    """Notices that nothing was done for too long; time in seconds, by a clock that never jumps."""

    def __init__(self, patience: float, now: float) -> None:
        self._patience = patience
        self._mark: Hashable = None
        self._since = now

    def flaw(self, mark: Hashable, waits: str, now: float) -> str:
        """Say what is wrong; nothing while all is well.

        Args:
            mark: What differs whenever something was done in between.
            waits: Its reason to wait, empty if there is none.
            now: The time.
        """
        if waits or mark != self._mark:
            self._mark, self._since = mark, now
        still = now - self._since
        if still <= self._patience:
            return ""
        return f"nothing was done for {still:,.0f} s, and nothing is waited for"
