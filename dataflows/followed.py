"""What became of the exports in a folder that is followed, for whoever shows it."""

from collections.abc import Callable


class Followed:
    """Counts of a process that follows, from its beginning to its end; read on other threads.

    `waiting` tells how many exports are there that were not taken yet, None if that cannot be seen.
    """

    def __init__(self, waiting: Callable[[], int | None]) -> None:
        self.waiting = waiting
        self.set_aside = 0
