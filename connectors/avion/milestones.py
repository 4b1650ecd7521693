"""Digests of an export's beginnings, by which a later version is found to differ, and where."""

import hashlib

STEP = 1 << 17
"""Bytes from milestone to milestone: 32,768 of them in 4 GB, which cost a survey about nothing."""

FINE_STEP = 1 << 12
"""The same in an export of at most `FINE_SIZE` bytes, where finer ones cost milliseconds."""

FINE_SIZE = 1 << 24

DIGITS = 4
"""Bytes kept of each digest. They only say where to look: that it changed is the SHA-256's word."""


def step_of(size: int) -> int:
    """Return how many bytes lie between the milestones of an export of this size."""
    return FINE_STEP if size <= FINE_SIZE else STEP


class Milestones:
    """SHA-256 of a file as it is read, and of its beginning up to every `step` bytes.

    Args:
        size: Bytes of the export that is surveyed, or was.
    """

    def __init__(self, size: int) -> None:
        self.step = step_of(size)
        self.size = 0
        self._digest = hashlib.sha256()
        self._passed = bytearray()

    def add(self, block: bytes) -> None:
        """Take the next bytes, as many as there are."""
        while piece := block[: self.step - self.size % self.step]:
            self._digest.update(piece)
            self.size += len(piece)
            if self.size % self.step == 0:
                self._passed += self._digest.digest()[:DIGITS]
            block = block[len(piece) :]

    @property
    def checksum(self) -> str:
        """SHA-256 in hex of all bytes so far."""
        return self._digest.hexdigest()

    @property
    def passed(self) -> bytes:
        """The digests of all milestones passed, one after another."""
        return bytes(self._passed)
