"""The text of a packed file, read as a file is that is not."""

import asyncio
from collections.abc import Iterator

from aiofiles.threadpool.binary import AsyncBufferedReader

from connectors.avion.unpacker import Unpacker
from connectors.records import Packing

_BLOCK = 1 << 16
"""Bytes of one read: about what a piece of text is packed in."""


class PackedText:
    """Unpacks an open file from its beginning, beside the event loop and not on it."""

    def __init__(self, file: AsyncBufferedReader, packing: Packing) -> None:
        self._file = file
        self._unpacker = Unpacker(packing)
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
            block = await self._file.read(_BLOCK)
            self._ended = not block
            self._pieces = self._unpacker.feed(block) if block else self._unpacker.close()
