"""The wish to stop, from a signal handler to everything that asks."""

from threading import Event


class Stop:
    """A switch that is thrown once; calling it tells whether it was.

    The source then ends its input at a record, and a delivery settles its batch or leaves it.
    """

    def __init__(self) -> None:
        self._event = Event()

    def request(self) -> None:
        """Ask the run to stop; safe in a signal handler and from any thread."""
        self._event.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody has asked, or for so many seconds, and tell whether they have."""
        return self._event.wait(seconds)

    def __call__(self) -> bool:
        """Tell whether somebody asked."""
        return self._event.is_set()
