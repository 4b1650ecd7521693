"""What the process is at, for whoever asks from outside."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from dataflows.followed import Followed
from dataflows.meter import Meter
from dataflows.standstill import standstill


class Course:
    """Told by those who work, and read by those who look on, on other threads.

    `alone` says that there is no other process whose work this one may have to wait for. `meter`
    is there while the dataflow runs, `last` after its end as well; `idle` says that there is
    nothing to do. `follows` says that one export comes after another: how far the last one was says
    nothing any more once it is over, and would look like one that stands still.
    """

    def __init__(self, *, alone: bool = True, follows: bool = False) -> None:
        self.meter: Meter | None = None
        self.last: Meter | None = None
        self.idle = False
        self._followed: Followed | None = None
        self._alone = alone
        self._follows = follows
        self._steps = 0

    def step(self, *, idle: bool = False) -> None:
        """Note that something was done or happened, or that somebody looked if there is work."""
        self.idle = idle
        self._steps += 1

    def follow(self, followed: Followed) -> None:
        """Have every meter from now on, the first before any run, tell of a folder as well."""
        self._followed = followed
        self.last = Meter()
        self.last.followed = followed

    @contextmanager
    def running(self, meter: Meter) -> Iterator[None]:
        """Have the dataflow's meter tell while the body runs."""
        self.step()
        meter.followed = self._followed
        self.meter = self.last = meter
        try:
            yield
        finally:
            self.meter = meter.forecast = None
            if self._follows:
                meter.rest()
            self.step()

    def mark(self) -> Hashable:
        """Return what differs whenever something was done in between."""
        meter = self.meter
        if meter is None:
            return self._steps
        attempts = sum(meter.attempts.values())
        return self._steps, meter.bytes_read, attempts, meter.done, meter.checkpointed()

    @property
    def others_send(self) -> bool:
        """Tell whether it is for another process to get spots delivered."""
        return bool(self.meter and not self.meter.lanes and not self._alone)

    def waits(self) -> str:
        """Say what it has a reason to wait for; nothing while there is none."""
        if self.others_send:
            return "another process sends"
        return standstill(self.meter) if self.meter else ""
