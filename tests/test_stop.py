import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from connectors.stop import Stop

ROOT = Path(__file__).parents[1]


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


ASKS = """
import signal
from connectors.stop import Stop

stops = [Stop()]
signal.signal(signal.SIGALRM, lambda *_: stops[0].request())
for number in range(5_000):
    stops[0] = Stop()
    signal.setitimer(signal.ITIMER_REAL, 5e-6 + number % 50 * 1e-6)
    while not stops[0].wait(0.01):
        pass
"""


def test_a_signal_may_ask_at_any_moment_of_the_waiting() -> None:
    """A lock that is held by who waits would be waited for by the handler, for ever."""
    subprocess.run([sys.executable, "-c", ASKS], cwd=ROOT, check=True, timeout=60)


def test_all_who_wait_go_on_when_somebody_asks() -> None:
    stop = Stop()
    threads = [Thread(target=stop.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    stop.request()
    for thread in threads:
        thread.join()
