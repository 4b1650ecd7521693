import asyncio

import pytest

from connectors.avstar.drain import Drain
from connectors.errors import StoppedError


def drain(*, stopping=False, seconds=10.0, pause=0.0) -> Drain:
    return Drain(lambda: stopping, seconds, lambda: pause)


async def for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("cancelled")


async def test_all_work_is_run_to_its_end():
    done = []

    async def work(i: int) -> None:
        await asyncio.sleep(0)
        done.append(i)

    await drain().run([work(i) for i in range(5)])
    assert sorted(done) == list(range(5))


async def test_nothing_to_do_is_done():
    await drain(stopping=True).run([])


async def test_the_first_error_cancels_the_rest_and_is_raised():
    ended: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        await drain().run([for_ever(ended), fail(), fail()])
    assert ended == ["cancelled"]


async def test_a_stop_lets_the_work_finish_in_time():
    await drain(stopping=True).run([asyncio.sleep(0)])


async def test_a_stop_leaves_work_that_takes_too_long():
    ended: list[str] = []
    with pytest.raises(StoppedError, match="longer than 0 s"):
        await drain(stopping=True, seconds=0.0).run([for_ever(ended)])
    assert ended == ["cancelled"]


async def test_a_stop_does_not_wait_for_a_long_pause():
    ended: list[str] = []
    with pytest.raises(StoppedError, match="pause of 60 s"):
        await drain(stopping=True, pause=60.0).run([for_ever(ended)])
    assert ended == ["cancelled"]
