import socket
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from dataflows.cluster.link import Link

Pair = tuple[Link, socket.socket]


@pytest.fixture
def pair(new_connection: Callable[[], Any]) -> Iterator[Pair]:
    """A link, and the other end as it is."""
    near, far = new_connection()
    link = Link(near)
    with far:
        yield link, far
    link.close()


def test_a_word_comes_over_with_its_values(pair: Pair) -> None:
    link, far = pair
    other = Link(far)
    other.say("gone", process=2)
    other.say("bye")
    assert link.hear() == {"word": "gone", "process": 2}
    assert link.hear(1) == {"word": "bye"}


def test_a_word_may_come_in_pieces(pair: Pair) -> None:
    link, far = pair
    far.sendall(b'{"word": ')
    with pytest.raises(TimeoutError):
        link.hear(0.01)
    far.sendall(b'"stop"}\n{"wo')
    assert link.hear() == {"word": "stop"}
    far.sendall(b'rd": "bye"}\n')
    assert link.hear() == {"word": "bye"}


def test_one_who_has_gone_is_not_heard_again(pair: Pair) -> None:
    link, far = pair
    assert link.is_open
    far.close()
    assert link.hear() is None
    assert not link.is_open


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\n\r\n", b"[1]\n", b"\xff\xfe\n", b"1\n"])
def test_a_stranger_says_nothing_that_counts(words: bytes, pair: Pair) -> None:
    link, far = pair
    far.sendall(words)
    assert link.hear(1) is None


def test_nobody_waits_for_a_machine_that_the_system_has_given_up(pair: Pair) -> None:
    """The system then says that time is out, as it does of a wait that is too long for us."""
    link, _ = pair

    class Vanished:
        def settimeout(self, _seconds: Any) -> None:
            pass

        def recv(self, _size: int) -> bytes:
            raise TimeoutError(110, "Connection timed out")

        def close(self) -> None:
            pass

        shutdown = settimeout

    link._socket.close()
    link._socket = Vanished()  # type: ignore[assignment]
    assert link.hear() is None


def test_saying_something_to_one_who_has_gone_does_nothing(pair: Pair) -> None:
    link, far = pair
    far.close()
    for _ in range(3):
        link.say("stop")


def test_closing_ends_the_wait_of_one_who_hears(pair: Pair) -> None:
    link, _ = pair
    heard: list[Any] = []
    ear = Thread(target=lambda: heard.append(link.hear()))
    ear.start()
    link.close()
    ear.join(10)
    assert heard == [None]


def test_the_system_looks_after_a_machine_that_says_nothing(pair: Pair) -> None:
    connection = pair[0]._socket
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
