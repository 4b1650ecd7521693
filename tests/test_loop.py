import asyncio
import signal
import sys
import threading
import time
from importlib.util import find_spec

import pytest

from connectors import loop as loop_module
from connectors.loop import EventLoop, _new_loop, event_loop


async def running_loop():
    return asyncio.get_running_loop()


async def current_thread():
    return threading.current_thread()


async def twice(number):
    await asyncio.sleep(0)
    return 2 * number


async def fail():
    await asyncio.sleep(0)
    raise ValueError("no")


def test_a_coroutine_gives_its_result_to_blocking_code():
    assert event_loop().run(twice(21)) == 42


def test_a_coroutine_gives_its_error_to_blocking_code():
    with pytest.raises(ValueError, match="no"):
        event_loop().run(fail())


def test_an_error_leaves_the_loop_in_service():
    with pytest.raises(ValueError, match="no"):
        event_loop().run(fail())
    assert event_loop().run(twice(1)) == 2


def test_a_process_has_one_loop_for_its_whole_life():
    assert event_loop() is event_loop()
    first, second = (event_loop().run(running_loop()) for _ in range(2))
    assert first is second
    assert not first.is_closed()


def test_threads_that_ask_for_the_first_time_at_once_get_the_same(monkeypatch):
    """Two loops, and a connection of one would be awaited on the other."""
    new_loop = loop_module._new_loop

    def slowly():
        time.sleep(0.05)  # so that all are there before the first is done
        return new_loop()

    monkeypatch.setattr(loop_module, "_new_loop", slowly)
    loop_module._the_one.cache_clear()
    together, found = threading.Barrier(4), []

    def ask():
        together.wait()
        found.append(event_loop())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_the_loop_never_keeps_a_process_from_its_exit():
    thread = event_loop().run(current_thread())
    assert thread is not threading.main_thread()
    assert thread.daemon


def test_what_one_call_leaves_running_goes_on_in_the_next():
    loop = event_loop()

    async def begin():
        return asyncio.create_task(twice(3))

    async def end(task):
        return await task

    assert loop.run(end(loop.run(begin()))) == 6


def test_many_threads_may_hand_in_work():
    results = []
    threads = [
        threading.Thread(target=lambda i=i: results.append(event_loop().run(twice(i))))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 2, 4, 6, 8, 10, 12, 14]


class Interruption(BaseException):
    pass


@pytest.fixture
def interrupt():
    """Raise `Interruption` in the main thread, as Ctrl-C raises its own."""

    def handler(*_):
        raise Interruption

    before = signal.signal(signal.SIGUSR1, handler)
    yield lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupted_wait_cancels_its_coroutine(interrupt):
    ended = threading.Event()

    async def endless():
        asyncio.get_running_loop().call_later(0.05, interrupt)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(Interruption):
        event_loop().run(endless())
    assert ended.wait(5)


def test_the_loop_is_the_fastest_that_is_installed():
    loop = _new_loop()
    loop.close()
    assert type(loop).__module__.startswith("uvloop" if find_spec("uvloop") else "asyncio")


def test_without_uvloop_asyncios_own_loop_serves(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = _new_loop()
    loop.close()
    assert type(loop).__module__.startswith("asyncio")


def test_each_event_loop_has_a_thread_of_its_own():
    first, second = EventLoop(), EventLoop()
    assert first.run(current_thread()) is not second.run(current_thread())
    for loop in (first, second):
        loop._loop.call_soon_threadsafe(loop._loop.stop)
