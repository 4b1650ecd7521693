"""Places within packed exports from which their text is unpacked on, without what comes before."""

from connectors.avion.unpacker import Unpacker

STEP = 16 << 20
"""Bytes of text between two places: so much is unpacked in a twentieth of a second."""

MOST = 64
"""Places of one export; each holds some 40 KB. Of more, every other goes."""

_EXPORTS = 8
"""Exports that are remembered, should many be surveyed and none be read."""


class Waypoints:
    """Unpackers as they stood on the way through one export; of zstd only those between frames."""

    def __init__(self) -> None:
        self._passed: list[Unpacker] = []
        self._step = STEP

    def pass_by(self, unpacker: Unpacker) -> None:
        """Remember where an unpacker stands, if that is far enough from the last place."""
        last = self._passed[-1].text if self._passed else 0
        if unpacker.text - last < self._step or not (copy := unpacker.copy()):
            return
        self._passed.append(copy)
        if len(self._passed) > MOST:
            self._passed, self._step = self._passed[1::2], 2 * self._step

    def __bool__(self) -> bool:
        return bool(self._passed)

    def before(self, offset: int) -> Unpacker | None:
        """Return the unpacker that stood last before an offset of the text, or at it."""
        return next((one for one in reversed(self._passed) if one.text <= offset), None)


def remember(checksum: str, waypoints: Waypoints) -> None:
    """Keep what a survey passed by, if anything, until its export is read."""
    if not waypoints:
        return
    _surveyed[checksum] = waypoints
    while len(_surveyed) > _EXPORTS:
        _surveyed.pop(next(iter(_surveyed)), None)


def take(checksum: str, offset: int) -> Unpacker | None:
    """Return the unpacker to reach an offset with, and forget the others; None: from the start."""
    waypoints = _surveyed.pop(checksum, None)
    return waypoints.before(offset) if waypoints else None


_surveyed: dict[str, Waypoints] = {}
