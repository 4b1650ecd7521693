"""How the processes of a cluster find each other, before any of them starts the engine.

The engine would wait for ever for one that does not come, and hear no signal meanwhile. The first
process listens on its address, the others call; then it leaves the address to its engine.
"""

import logging
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

from connectors.errors import RefusedError, StoppedError
from dataflows.cluster.cluster import PREFIX, Cluster, split_address
from dataflows.cluster.link import Link

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_GREETING_SECONDS = 5.0
SAY_AFTER_SECONDS, _SAY_AGAIN_SECONDS = 5.0, 60.0

_HEAD_START_SECONDS = 0.3
"""For the first engine to listen before the others call; they would try again only after 1 s."""


class Meeting:
    """Brings the processes together.

    Args:
        cluster: Which process this one is, and where the others are.
        terms: What all processes must agree on, by name.
        stop: Ends the waiting.
        tell: Called with lines for people.
        passing: Names of terms in which others may differ for a while: they are to call again.
        say_after: Seconds until it is told who is waited for.
    """

    def __init__(  # noqa: PLR0913 - what a meeting is about, and who is told
        self,
        cluster: Cluster,
        terms: Mapping[str, str],
        stop: Callable[[], bool],
        tell: Callable[[str], object],
        *,
        passing: Collection[str] = (),
        say_after: float = SAY_AFTER_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._terms = terms
        self._stop = stop
        self._tell = tell
        self._passing = passing
        self._tell_at = time.monotonic() + say_after

    def receive(self, word: str) -> dict[int, Link]:
        """Return a link to each other process when all have called, and tell them a word.

        Raises:
            RefusedError: A process has other terms, or the own address cannot be listened on.
            StoppedError: It was asked to stop.
        """
        links: dict[int, Link] = {}
        with listener(self._cluster) as server, _closed_at_failure(links):
            server.settimeout(_LOOK_SECONDS)
            while missing := [i for i in range(1, self._cluster.size) if i not in links]:
                self._wait_for(missing)
                with suppress(TimeoutError):
                    self._greet(Link(server.accept()[0]), links)
                for process in [process for process, link in links.items() if not link.is_open]:
                    links.pop(process).close()
        told = Timer(_HEAD_START_SECONDS, _tell_all, [list(links.values()), word])
        told.daemon = True
        told.start()
        return links

    def call(self) -> tuple[Link, str]:
        """Return a link to the first process when all have called it, and the word it told.

        Raises:
            RefusedError: The first has other terms, or the own address cannot be listened on.
            StoppedError: It was asked to stop.
        """
        with listener(self._cluster):
            pass  # the engine could only panic
        while True:
            self._wait_for([0])
            with suppress(OSError):
                place = split_address(self._cluster.addresses[0])
                link = Link(socket.create_connection(place, _GREETING_SECONDS))
                answer = self._answer(link)
                if answer.get("word") == "go":
                    return link, answer["value"]
                link.close()
                if answer.get("word") == "refused":
                    raise self._refusal(0, answer["name"])
            time.sleep(_LOOK_SECONDS)

    def _answer(self, link: Link) -> Mapping[str, Any]:
        link.say("here", process=self._cluster.process, terms=self._terms)
        with _closed_at_failure({0: link}):
            return self._await_answer(link)

    def _await_answer(self, link: Link) -> Mapping[str, Any]:
        while True:
            with suppress(TimeoutError):
                return link.hear(_LOOK_SECONDS) or {}
            self._wait_for([0])

    def _greet(self, link: Link, links: dict[int, Link]) -> None:
        heard = link.hear(_GREETING_SECONDS) or {}
        process, theirs = heard.get("process", 0), heard.get("terms", {})
        if process not in range(1, self._cluster.size) or process in links:
            link.close()
            return
        links[process] = link
        name = _difference(self._terms, theirs)
        if name in self._passing:
            links.pop(process).close()
        elif name:
            link.say("refused", name=name)
            raise self._refusal(process, name)

    def _wait_for(self, missing: Sequence[int]) -> None:
        names = ", ".join(map(self._cluster.name, missing))
        if self._stop():
            raise StoppedError(f"stopped while it waited for {names}; nothing was sent")
        if time.monotonic() >= self._tell_at:
            self._tell_at += _SAY_AGAIN_SECONDS
            log.warning("waiting", extra={"awaited": list(missing), "addresses": names})
            self._tell(f"waiting for {names}; start each process with the same command")

    def _refusal(self, process: int, name: str) -> RefusedError:
        return RefusedError(
            f"{self._cluster.name(process)} has other {name} than this one; start all processes "
            "of a cluster with the same exports and settings"
        )


def listener(cluster: Cluster) -> socket.socket:
    """Listen on the address of this process.

    Raises:
        RefusedError: It is another machine's, or in use.
    """
    host, port = split_address(cluster.addresses[cluster.process])
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server(found[0][4][:2], family=found[0][0])
    except OSError as error:
        raise RefusedError(
            f"{cluster.name(cluster.process)} cannot listen there ({error.strerror}); give it "
            f"an address of this machine in {PREFIX}ADDRESSES, or another {PREFIX}PROCESS_ID"
        ) from None


@contextmanager
def _closed_at_failure(links: Mapping[int, Link]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for link in links.values():
            link.close()
        raise


def _difference(mine: Mapping[str, str], theirs: Any) -> str | None:
    """Return the name of the first term in which another process differs, None if it agrees."""
    names = [name for name in mine if mine[name] != theirs.get(name)]
    return names[0] if names else None


def _tell_all(links: Sequence[Link], word: str) -> None:
    for link in links:
        link.say("go", value=word)
