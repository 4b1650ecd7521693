import signal
from threading import Thread

import pytest

from connectors.stop import Stop


def test_nobody_asked_at_first():
    assert not Stop()()


def test_it_stays_thrown():
    stop = Stop()
    stop.request()
    assert stop()
    stop.request()
    assert stop()


def test_another_thread_may_ask():
    stop = Stop()
    thread = Thread(target=stop.request)
    thread.start()
    thread.join()
    assert stop()


@pytest.fixture
def on_signal():
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda handler: signal.signal(signal.SIGUSR1, handler)
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_may_ask(on_signal):
    stop = Stop()
    on_signal(lambda *_: stop.request())
    signal.raise_signal(signal.SIGUSR1)
    assert stop()


def test_one_switch_does_not_throw_another():
    first, second = Stop(), Stop()
    first.request()
    assert not second()


def test_who_waits_for_it_goes_on_when_somebody_asks():
    stop = Stop()
    thread = Thread(target=stop.wait)
    thread.start()
    assert thread.is_alive()
    stop.request()
    thread.join()


def test_who_waits_for_a_while_is_told_whether_somebody_asked() -> None:
    stop = Stop()
    assert not stop.wait(0.01)
    stop.request()
    assert stop.wait(60)
    assert stop.wait()
