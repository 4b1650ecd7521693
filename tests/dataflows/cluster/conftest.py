"""Several real processes of one upload, on addresses of this machine."""

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from random import SystemRandom
from typing import Any

import pytest

PORTS = range(15_000, 32_000)
"""Ports that no connection is given, so that one stays free until it is listened on."""


def free_addresses(count: int) -> list[str]:
    """Addresses on which nothing listens; all are held at once, so that they differ."""
    held: list[socket.socket] = []
    while len(held) < count:
        with suppress(OSError):
            place = ("127.0.0.1", SystemRandom().choice(PORTS))
            held.append(socket.create_server(place, reuse_port=False))
    addresses = ["{}:{}".format(*one.getsockname()) for one in held]
    for one in held:
        one.close()
    return addresses


def connection() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        return server.accept()[0], far


def complaint(finished: Any) -> str:
    """What a process said but for its progress, its log, and for whom it waited."""
    lines = finished.complaint.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("waiting for process ", "{")))


class Fleet:
    """The processes of one upload: the same command, each with its index."""

    complaint = staticmethod(complaint)

    def __init__(self, upload: Any, count: int) -> None:
        self.upload = upload
        self.addresses = free_addresses(count)
        self.processes: dict[int, Any] = {}

    def variables(self, process: int) -> dict[str, str]:
        return {
            "BYTEWAX_ADDRESSES": ";".join(self.addresses),
            "BYTEWAX_PROCESS_ID": str(process),
        }

    def start_one(self, process: int, *options: object, **variables: Any) -> Any:
        given = {**self.variables(process), **variables}
        self.processes[process] = self.upload.start(*options, **given)
        return self.processes[process]

    def start(self, *options: object, **variables: Any) -> None:
        for process in range(len(self.addresses)):
            self.start_one(process, *options, **variables)

    def until(self, condition: Callable[[], bool]) -> None:
        self.processes[0].until(condition)

    def until_accepted(self, count: int) -> None:
        """Wait until the API has so many spots more than now."""
        goal = self.upload.accepted + count
        self.until(lambda: self.upload.accepted >= goal)

    def finish(self, signals: dict[int, signal.Signals] | None = None) -> list[Any]:
        """Send some of the processes a signal, and wait for the end of all."""
        for process, number in (signals or {}).items():
            self.processes[process].process.send_signal(number)
        return [self.processes[process].finish() for process in sorted(self.processes)]

    def __call__(self, *options: object, **variables: Any) -> list[Any]:
        self.start(*options, **variables)
        return self.finish()

    def finish_exactly(self, valid: int, *options: object, **variables: Any) -> None:
        """Start all again, and hold them to the exact end."""
        ended = self(*options, **variables)
        for finished in ended:
            assert (finished.code, complaint(finished)) == (0, "")
            assert finished.out == ended[0].out
            assert f"valid         {valid:,}" in finished.out
        self.upload.assert_exact(valid)


@pytest.fixture
def new_connection() -> Callable[[], tuple[socket.socket, socket.socket]]:
    return connection


@pytest.fixture
def new_addresses() -> Callable[[int], list[str]]:
    return free_addresses


@pytest.fixture
def new_fleet() -> Callable[..., Fleet]:
    return Fleet
