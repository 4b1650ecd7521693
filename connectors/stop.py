"""The wish to stop, from a signal handler to everything that asks."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class Stop:
    """A switch that is thrown once; calling it tells whether it was.

    The source then ends its input at a record, and a delivery settles its batch or leaves it.
    """

    def __init__(self) -> None:
        self._asked = False
        # An Event would have the handler wait for a lock that the thread it interrupts may hold.
        self._bell: SimpleQueue[None] = SimpleQueue()

    def request(self) -> None:
        """Ask the run to stop; safe in a signal handler and from any thread."""
        self._asked = True
        self._bell.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody has asked, or for so many seconds, and tell whether they have.

        In the main thread give seconds: a signal that comes just as the waiting begins is handled
        behind it.
        """
        if not self._asked:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
                self._bell.put(None)  # for whoever waits as well
        return self._asked

    def __call__(self) -> bool:
        """Tell whether somebody asked."""
        return self._asked
