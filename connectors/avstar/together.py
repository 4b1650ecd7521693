"""Coroutines that run together and end together."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


async def together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines to their end; the first error cancels the rest and is raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
