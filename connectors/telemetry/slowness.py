"""Which answers are slow, for an API whose usual pace nobody knows beforehand."""

_FACTOR = 5.0
"""A slow answer takes so many times what is usual."""

_LEAST_SECONDS = 0.25
"""No answer is slow that comes sooner."""

_WEIGHT = 0.02
"""Of each answer in what is usual: the last fifty or so matter."""


class Slowness:
    """Learns what is usual from the answers themselves. Seconds are passed in."""

    def __init__(self) -> None:
        self._usual: float | None = None

    def is_slow(self, seconds: float) -> bool:
        """Tell whether an answer was slow, and learn from it."""
        usual = self._usual
        self._usual = seconds if usual is None else usual + _WEIGHT * (seconds - usual)
        return seconds >= _LEAST_SECONDS and usual is not None and seconds > _FACTOR * usual
