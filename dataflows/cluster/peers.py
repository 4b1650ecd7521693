"""The other processes of a cluster while the engine runs: whether they stop, or have gone."""

import logging
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import Any

from typing_extensions import Self

from connectors.errors import AvstarError, HaltedError, StoppedError
from connectors.stop import Stop
from dataflows.cluster.cluster import Cluster
from dataflows.cluster.link import Link
from dataflows.leave import leave
from dataflows.signals import EXIT_STOPPED

log = logging.getLogger(__name__)

_GRACE_SECONDS = 5.0
"""Time for the engine to end by itself when another process has gone. It never does if it waits
for a batch that is in hand here, or if the other machine has vanished without a word."""

_PART_SECONDS = 5.0
"""Time for the last words of the others, whose engines end when ours does."""


class Peers:
    """Watches the other processes from `watch` to `part`, or in a `with` around the engine.

    The first process has a link to each other, and passes on what one of them says; the others
    have a link to the first. A stop here is told to them, and theirs is requested here. When one
    goes without a word, this process does not outlive it by more than `grace` seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        links: Mapping[int, Link],
        stop: Stop,
        *,
        leave: Callable[[int, str], object] = leave,
        grace: float = _GRACE_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._links = links
        self._stop = stop
        self._leave = leave
        self._grace = grace
        self._closed = Event()
        self._missed = Event()
        self._gone: list[int] = []
        self._ears = [
            Thread(target=self._listen, args=one, name="avstar-peer", daemon=True)
            for one in links.items()
        ]

    def __enter__(self) -> Self:
        self.watch()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Part from the others, or let them know that this process failed."""
        if kind is None:
            self.part()
        else:
            self._close()

    def watch(self) -> None:
        """Begin to listen, and to tell a stop."""
        for ear in self._ears:
            ear.start()
        if self._ears:
            Thread(target=self._tell_stop, name="avstar-stop", daemon=True).start()

    def why(self) -> AvstarError | None:
        """Return why the engine failed without a word of ours, None if there is nobody else.

        That another process has gone may be heard later than the engine notices it.
        """
        if not self._ears:
            return None
        if self._missed.wait(self._grace):
            return self._lost(self._gone[0])
        return HaltedError(
            "the engine failed and does not say why; is there room on all disks, that of the "
            "state folder first of all? Mend that and start all again to resume: nothing is lost"
        )

    def part(self) -> None:
        """Take leave: the engine has ended well, and from now on nobody is missed."""
        self._closed.set()
        if self._cluster.is_first:
            self._hear_out()
        if self._stop():  # a moment ago, maybe
            self._say("stop")
        self._say("bye")
        if not self._cluster.is_first:
            self._hear_out()
        self._close()

    def _close(self) -> None:
        """Close the links; without a word before, the others know that this process failed."""
        self._closed.set()
        for link in self._links.values():
            link.close()

    def _listen(self, process: int, link: Link) -> None:
        while heard := link.hear():
            if heard["word"] == "bye":
                return
            if heard["word"] == "gone":
                process = heard["process"]
                break
            if not self._stop():
                log.warning("draining", extra={"asked_by": process})
                self._stop.request()
        self._miss(process)

    def _miss(self, process: int) -> None:
        if self._closed.is_set():
            return
        log.error("lost", extra={"peer": process, "address": self._cluster.addresses[process]})
        self._gone.append(process)
        self._missed.set()
        if self._cluster.is_first:
            self._say("gone", process=process)
        if not self._closed.wait(self._grace):
            self._leave(EXIT_STOPPED, f"avstar: {self._lost(self._gone[0])}\n")

    def _tell_stop(self) -> None:
        self._stop.wait()
        self._say("stop")

    def _hear_out(self) -> None:
        for ear in self._ears:
            ear.join(_PART_SECONDS)

    def _say(self, word: str, **values: Any) -> None:
        for link in self._links.values():
            link.say(word, **values)

    def _lost(self, process: int) -> StoppedError:
        if self._stop():
            return StoppedError("stopped before the end; run the same command again to resume")
        return StoppedError(
            f"{self._cluster.name(process)} has gone, so this one stopped; start all again to "
            "resume"
        )
