"""The text of a packed export, piece by piece, whatever it is that it unpacks to."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from backports import zstd

from connectors.records import Packing

PIECE = 1 << 19
"""Bytes of text from which on a piece is given away: as much as a block of a plain file."""

_GZIP_ONLY = 31
"""`wbits` of zlib that takes gzip and nothing else."""

_LARGEST_WINDOW = 27
"""Log2 of the bytes that a zstd frame may ask to be kept: what `zstd -d` allows by itself."""


class DamagedError(ValueError):
    """A packed file is cut or is not what it was; the words follow its name."""


class Unpacker:
    """Unpacks consecutive blocks of one file; members that stand one behind another are one text.

    No more than a piece and what a member needs of its own is held at a time, so that a file which
    unpacks to a thousand times its size costs time and no memory.
    """

    def __init__(self, packing: Packing) -> None:
        self.packed = 0
        self.text = 0
        self._packing = packing
        self._member: _Member | None = None
        self._held: list[bytes] = []
        self._size = 0

    def copy(self) -> "Unpacker | None":
        """Return one that goes on behind the last block with what is not held yet; None: cannot.

        `packed` and `text` are the offsets where that is.
        """
        member = self._member.copy() if self._member else None
        if self._member and not member:
            return None
        other = Unpacker(self._packing)
        other.packed, other.text, other._member = self.packed, self.text, member
        return other

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield the text that comes with this block, in pieces of `PIECE` to twice as much.

        Raises:
            DamagedError: The file is damaged here.
        """
        self.packed += len(block)
        for text in self._texts(block):
            self._held.append(text)
            self._size += len(text)
            self.text += len(text)
            if self._size >= PIECE:
                yield self._release()

    def close(self) -> Iterator[bytes]:
        """Yield what is left.

        Raises:
            DamagedError: The last member does not end.
        """
        if self._size:
            yield self._release()
        if self._member:
            raise DamagedError(f"is cut: its {self._packing} ends in the middle")

    def _release(self) -> bytes:
        text = b"".join(self._held)
        self._held, self._size = [], 0
        return text

    def _texts(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._member is None:
                data = (
                    data.lstrip(b"\0") if self._packing == "gzip" else data
                )  # tapes and disks pad
                if not data:
                    return
                self._member = _MEMBERS[self._packing]()
            member = self._member
            try:
                text, data = member.take(data)
            except (zlib.error, zstd.ZstdError) as error:
                raise DamagedError(f"is damaged {self._packing}: {error}") from None
            if text:
                yield text
            if member.ended:
                self._member = None
            elif not data and len(text) < PIECE:
                return


def unpacked(
    blocks: Iterable[bytes],
    packing: Packing,
    pass_by: Callable[[Unpacker], object] = lambda _unpacker: None,
) -> Iterator[bytes]:
    """Yield the text of a file that is read in blocks; one that is not packed is the text itself.

    `pass_by` is called between blocks.

    Raises:
        DamagedError: It is damaged, or cut.
    """
    if packing == "none":
        yield from blocks
        return
    unpacker = Unpacker(packing)
    for block in blocks:
        yield from unpacker.feed(block)
        pass_by(unpacker)
    yield from unpacker.close()


def behind(pieces: Iterable[bytes], start: int) -> Iterator[bytes]:
    """Yield a text from an offset on, of its pieces from the beginning."""
    for piece in pieces:
        if start < len(piece):
            yield piece[start:]
        start = max(0, start - len(piece))


class _Member(Protocol):
    """One complete packed text of a file."""

    @property
    def ended(self) -> bool: ...

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return at most `PIECE` bytes of text, and the data that is still to be given again."""

    def copy(self) -> "_Member | None":
        """Return another that stands where this one does, if there can be one."""


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP_ONLY)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        text = self._inner.decompress(data, PIECE)
        return text, self._inner.unused_data if self.ended else self._inner.unconsumed_tail

    def copy(self) -> "_Gzip":
        other = _Gzip()
        other._inner = self._inner.copy()
        return other


class _Zstd:
    def __init__(self) -> None:
        limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
        self._inner = zstd.ZstdDecompressor(options=limit)

    @property
    def ended(self) -> bool:
        return bool(self._inner.eof)

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        text = self._inner.decompress(data, PIECE)  # keeps what it has not used
        return text, self._inner.unused_data if self.ended else b""

    def copy(self) -> None:
        return None


_MEMBERS: dict[Packing, Callable[[], _Member]] = {"gzip": _Gzip, "zstd": _Zstd}
