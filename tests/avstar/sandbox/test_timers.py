"""Loops whose timers ring when they are due."""

import asyncio
import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic

import pytest

from connectors.avstar.sandbox import exact_loop


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = exact_loop()
    yield made
    made.close()


def test_a_timer_rings_never_early_and_not_at_the_next_millisecond(loop) -> None:
    async def slept() -> float:
        began = monotonic()
        await asyncio.sleep(0.0021)
        return monotonic() - began

    times = [loop.run_until_complete(slept()) for _ in range(100)]

    assert min(times) >= 0.0021
    assert min(times) < 0.003, "each was rounded up"


def test_a_loop_made_after_a_thousand_files_were_opened_waits_as_well() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    with ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            files.enter_context(open(os.devnull))  # noqa: PTH123
        loop = files.enter_context(closing(exact_loop()))

        assert loop.run_until_complete(asyncio.sleep(0.001, "slept")) == "slept"


def test_what_comes_meanwhile_ends_the_wait(loop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        threading.Timer(0.05, theirs.send, [b"x"]).start()

        waiting = asyncio.wait_for(loop.sock_recv(ours, 1), 60)

        assert loop.run_until_complete(waiting) == b"x"


def test_it_waits_without_a_timer_for_as_long_as_it_takes(loop) -> None:
    done = loop.create_future()
    threading.Timer(0.05, loop.call_soon_threadsafe, [done.set_result, "told"]).start()

    assert loop.run_until_complete(done) == "told"


def test_a_signal_ends_the_wait(loop) -> None:
    done = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, done.set_result, "heard")
    threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()

    assert loop.run_until_complete(done) == "heard"
