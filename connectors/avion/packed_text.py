"""The text of a packed file, read as a file is that is not."""

import asyncio
from collections.abc import Iterator
from itertools import chain

from aiofiles.threadpool.binary import AsyncBufferedReader

from connectors.avion.unpacker import Unpacker

_BLOCK = 1 << 18
"""Bytes of one read: a thread's work for each, so not few; no more than a piece of text anyway."""

_PASSED_BLOCK = 1 << 22
"""Bytes of one read while nobody wants the text: what is unpacked is dropped, piece by piece."""


class PackedText:
    """Unpacks an open file from where it stands, beside the event loop and not on it."""

    def __init__(self, file: AsyncBufferedReader, unpacker: Unpacker) -> None:
        self._file = file
        self._unpacker = unpacker
        self._pieces: Iterator[bytes] = iter(())
        self._ended = False

    async def read(self, _size: int) -> bytes:
        """Return the next piece, whatever its size; nothing at the end.

        Raises:
            DamagedError: The file is damaged, or cut.
        """
        while True:
            piece = await asyncio.to_thread(next, self._pieces, b"")
            if piece or self._ended:
                return piece
            await self._go_on(_BLOCK)

    async def pass_by(self, size: int) -> int:
        """Unpack text that nobody wants, at most `size` bytes; return how many are left of them.

        Nothing is left when the text is where it was to be, or at its end.

        Raises:
            DamagedError: The file is damaged.
        """
        await self._go_on(_PASSED_BLOCK)
        left = await asyncio.to_thread(self._drop, size)
        return 0 if self._ended else left

    async def _go_on(self, size: int) -> None:
        block = await self._file.read(size)
        self._ended = not block
        self._pieces = self._unpacker.feed(block) if block else self._unpacker.close()

    def _drop(self, size: int) -> int:
        for piece in self._pieces:
            if size < len(piece):
                self._pieces = chain([piece[size:]], self._pieces)
                return 0
            size -= len(piece)
        return size
