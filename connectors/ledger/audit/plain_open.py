"""An export opened plainly, unpacked by the tools that Python has for it."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

from connectors.errors import RefusedError
from connectors.records import Packing

_GZIP = b"\x1f\x8b"
_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([byte]) + b"\x2a\x4d\x18" for byte in range(0x50, 0x60)))


def plain_packing(path: Path) -> Packing:
    """Say what a file is packed in.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(4)
    return "gzip" if head.startswith(_GZIP) else "zstd" if head in _ZSTD else "none"


@contextmanager
def plain_open(path: Path) -> Iterator[BinaryIO]:
    """Open the text of an export.

    Raises:
        RefusedError: It is packed, and damaged; also while the text is read.
        OSError: It cannot be read.
    """
    packing = plain_packing(path)
    try:
        if packing == "none":
            with path.open("rb") as file:
                yield file
            return
        tool = gzip.open if packing == "gzip" else zstd.open
        with tool(path, "rb") as text:
            yield cast("BinaryIO", BufferedReader(cast("BufferedReader", text)))
    except (gzip.BadGzipFile, EOFError, zlib.error, zstd.ZstdError) as error:
        raise RefusedError(f"{path} is damaged {packing}: {error}; fetch it again") from None
