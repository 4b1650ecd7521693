from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from connectors.errors import HaltedError
from connectors.stop import Stop
from dataflows.cluster.cluster import Cluster
from dataflows.cluster.link import Link
from dataflows.cluster.peers import Peers

ADDRESSES = ("a:1", "b:2", "c:3")
PATIENCE = 30
New = Callable[..., Any]


class Process:
    """One process of three; where it would leave, that is noted."""

    def __init__(self, index: int, links: dict[int, Link], grace: float) -> None:
        self.stop = Stop()
        self.left: list[tuple[int, str]] = []
        self.has_left = Event()
        cluster = Cluster(index, ADDRESSES)
        self.peers = Peers(cluster, links, self.stop, leave=self._leave, grace=grace)

    def _leave(self, code: int, line: str) -> None:
        self.left.append((code, line))
        self.has_left.set()


@pytest.fixture
def new_cluster(new_connection: New) -> Iterator[New]:
    """Make three processes that have met and watch each other."""
    made: list[Process] = []

    def new(grace: float = 600.0) -> list[Process]:
        (to_1, from_1), (to_2, from_2) = [map(Link, new_connection()) for _ in range(2)]
        links = ({1: to_1, 2: to_2}, {0: from_1}, {0: from_2})
        made.extend(Process(i, ours, grace) for i, ours in enumerate(links))
        for process in made:
            process.peers.__enter__()
        return made

    yield new
    for process in made:
        process.peers.__exit__(RuntimeError)
        process.stop.request()  # nobody waits for it any more


def test_one_who_is_alone_misses_nobody() -> None:
    with Peers(Cluster(), {}, Stop()) as peers:
        assert peers.why() is None


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_a_stop_of_one_is_a_stop_of_all(asked: int, new_cluster: New) -> None:
    processes = new_cluster()
    processes[asked].stop.request()
    for process in processes:
        process.stop.wait()


@pytest.mark.parametrize("gone", [1, 2])
def test_who_has_gone_is_told_to_all(gone: int, new_cluster: New) -> None:
    processes = new_cluster()
    processes[gone].peers.__exit__(RuntimeError)
    for process in processes:
        if process is not processes[gone]:
            assert str(process.peers.why()) == (
                f"process {gone} at {ADDRESSES[gone]} has gone, so this one stopped; start all "
                "again to resume"
            )


def test_the_first_that_has_gone_is_missed_by_all_others(new_cluster: New) -> None:
    first, *others = new_cluster()
    first.peers.__exit__(RuntimeError)
    for process in others:
        assert "process 0 at a:1 has gone" in str(process.peers.why())


def test_one_whose_engine_does_not_end_leaves(new_cluster: New) -> None:
    first, second, _ = new_cluster(grace=0)
    second.peers.__exit__(RuntimeError)
    assert first.has_left.wait(PATIENCE)
    [(code, line)] = first.left
    assert code == 75
    assert line.startswith("avstar: process 1 at b:2 has gone, so this one stopped; start all ")
    assert line.count("\n") == 1


def test_one_who_was_asked_to_stop_says_that_and_not_who_went_first(new_cluster: New) -> None:
    first, second, third = new_cluster()
    third.stop.request()
    first.stop.wait()
    second.peers.__exit__(RuntimeError)
    assert str(first.peers.why()).startswith("stopped before the end; run the same command again")


def test_who_takes_leave_is_not_missed(new_cluster: New) -> None:
    processes = new_cluster(grace=0)
    parting = [Thread(target=process.peers.part) for process in processes]
    for thread in parting:
        thread.start()
    for thread in parting:
        thread.join(PATIENCE)
    assert not any(process.left for process in processes)
    assert not any(process.stop() for process in processes)


@pytest.mark.parametrize("asked", [0, 1])
def test_a_stop_at_the_last_moment_is_known_to_all_who_have_parted(
    asked: int, new_cluster: New
) -> None:
    """Else one of them would take an export for lost that is not accounted for."""
    processes = new_cluster()
    last = processes[asked]
    parting = [Thread(target=p.peers.part) for p in processes if p is not last]
    for thread in parting:
        thread.start()
    last.stop.request()
    last.peers.part()
    for thread in parting:
        thread.join(PATIENCE)
    assert all(process.stop() for process in processes)


def test_an_engine_that_fails_while_all_are_there_is_no_loss(new_cluster: New) -> None:
    first, *_ = new_cluster(grace=0)
    why = first.peers.why()
    assert isinstance(why, HaltedError)
    assert "is there room on all disks" in str(why)
