"""Blocks of a file's text, read ahead on the event loop's thread."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiofiles
from aiofiles.threadpool.binary import AsyncBufferedReader

from connectors.avion.packed_text import PackedText
from connectors.avion.unpacker import DamagedError, Unpacker
from connectors.errors import ChangedError, HaltedError, unread_meanwhile
from connectors.loop import event_loop
from connectors.records import Packing

BLOCK = 1 << 19
"""Bytes of one read: what is cut of it fits a core's cache; a larger one is slower to check."""

AHEAD = 2
"""Blocks held ready. What the reader holds is bounded by this, whatever the export's size."""


class Blocks:
    """Iterates over the text of `path` from `start` to `end`, one block after another.

    A packed file is unpacked from its beginning, or from where an `unpacker` stands that came this
    way before: what it holds has no other way in. Call `close` when done; an iteration to the end
    closes by itself.
    """

    def __init__(
        self,
        path: Path,
        start: int,
        end: int,
        *,
        packing: Packing = "none",
        unpacker: Unpacker | None = None,
    ) -> None:
        self._path = path
        self._unpacker = unpacker or (None if packing == "none" else Unpacker(packing))
        self._start = start
        self._end = end
        self._loop = event_loop()
        self._queue: asyncio.Queue[bytes | Exception] = asyncio.Queue(AHEAD)
        self._closing = False
        self._task = self._loop.run(self._begin())

    def __iter__(self) -> Iterator[bytes]:
        while block := self._loop.run(self._queue.get()):
            if isinstance(block, Exception):
                raise block
            yield block

    def close(self) -> None:
        """Stop reading ahead and close the file."""
        self._loop.run(self._stop())

    async def _begin(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self._read(), name=f"read {self._path.name}")

    async def _stop(self) -> None:
        # Not by cancelling: a file that is being opened in its thread would stay open.
        self._closing = True
        while not self._queue.empty():
            self._queue.get_nowait()
        await asyncio.wait([self._task])

    async def _read(self) -> None:
        try:
            await self._read_to_end()
        except OSError as error:
            await self._queue.put(unread_meanwhile(self._path, error))
        except DamagedError as error:
            await self._queue.put(ChangedError(f"{self._path} {error}, though it was whole"))
        except HaltedError as error:
            await self._queue.put(error)

    async def _read_to_end(self) -> None:
        left = self._end - self._start
        async with aiofiles.open(self._path, "rb") as file:
            text = await self._from_start(file)
            while left and not self._closing:
                block = await text.read(min(BLOCK, left))
                if not block:
                    raise ChangedError(
                        f"{self._path} ended {left} bytes early: it was cut while it was read"
                    )
                block = block[:left]
                left -= len(block)
                await self._queue.put(block)
        await self._queue.put(b"")

    async def _from_start(self, file: AsyncBufferedReader) -> AsyncBufferedReader | PackedText:
        if not self._unpacker:
            await file.seek(self._start)
            return file
        await file.seek(self._unpacker.packed)
        text, before = PackedText(file, self._unpacker), self._start - self._unpacker.text
        while before and not self._closing:
            before = await text.pass_by(before)
        return text
