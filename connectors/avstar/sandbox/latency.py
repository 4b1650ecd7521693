"""How long the API thinks before it answers."""

from dataclasses import dataclass

from connectors.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Latency:
    """Delay of every answer in seconds: `mean`, give or take up to `jitter`."""

    mean: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.jitter <= self.mean < float("inf"):
            raise RefusedError("latency must be 0 or more, and its jitter no more than its mean")

    def seconds(self, draw: float) -> float:
        """Return the delay of one answer; `draw` is uniform in [0, 1)."""
        return self.mean + self.jitter * (2 * draw - 1)

    @classmethod
    def parse(cls, text: str) -> "Latency":
        """Read `0.05` or `0.05:0.02`: mean and, after a colon, jitter.

        Raises:
            RefusedError: the text is no latency.
        """
        mean, _, jitter = text.partition(":")
        try:
            figures = float(mean), float(jitter or 0)
        except ValueError:
            raise RefusedError(f"{text!r} is no latency; write 0.05 or 0.05:0.02 seconds") from None
        return cls(*figures)
