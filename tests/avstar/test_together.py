"""Coroutines that run together and end together."""

import asyncio

import pytest

from connectors.avstar.together import together


async def test_all_are_run_to_their_end():
    done = []

    async def work(number):
        await asyncio.sleep(0)
        done.append(number)

    await together([work(number) for number in range(3)])
    await together([])

    assert sorted(done) == [0, 1, 2]


async def test_the_first_error_ends_all_and_is_raised():
    ended = []

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def fail():
        await asyncio.sleep(0)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        await together([wait(), fail(), wait()])
    assert ended == [1, 1]


async def test_who_is_cancelled_leaves_nothing_running():
    ended = []

    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    task = asyncio.create_task(together([wait(), wait()]))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [1, 1]
