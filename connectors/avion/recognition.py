"""An export that was surveyed before, known by its bytes: it is hashed, and not unpacked for it."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from connectors.avion.head import Head
from connectors.avion.milestones import STEP, Milestones
from connectors.avion.stamp import stamp_of
from connectors.errors import RefusedError
from connectors.records import Export
from connectors.surveyed import Surveyed

_BLOCK = STEP
"""Bytes of one read: from milestone to milestone, so that each costs next to nothing."""


def recognise(
    path: Path,
    file: BinaryIO,
    head: Head,
    known: Collection[Surveyed],
    progress: Callable[[int], None],
) -> Export | None:
    """Return an export of which is known what a survey finds; None if it is to be surveyed.

    Only of zstd: to unpack it takes a third of a survey, and it has to be done again up to where an
    upload goes on, or from the last frame that ended before. Gzip takes longer to unpack, and its
    survey leaves ways into all of the text.

    Raises:
        RefusedError: It changed meanwhile.
        OSError: It cannot be read.
    """
    size = file.seek(0, 2)
    if head.packing != "zstd" or size not in {one.size for one in known}:
        return None
    stamp, milestones = stamp_of(file.fileno()), Milestones(size)
    for block in blocks_of(file, progress):
        milestones.add(block)
    refuse_changed(path, stamp_of(file.fileno()) != stamp or milestones.size != size)
    for one in known:
        begins = one.splits[0].start, one.splits[0].line
        same = (one.checksum, one.size) == (milestones.checksum, size)
        if same and begins == (head.offset, head.number):
            return Export(
                path,
                head.format.name,
                one.checksum,
                size,
                one.records,
                one.splits,
                head.columns,
                milestones.passed,
                stamp,
                packing=head.packing,
                text_checksum=one.text_checksum,
            )
    return None


def blocks_of(file: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Read a file from its beginning."""
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block
        progress(file.tell())


def refuse_changed(path: Path, changed: bool) -> None:  # noqa: FBT001 - a guard, and its reason
    """Refuse a file that somebody wrote to while it was looked at.

    Raises:
        RefusedError: Somebody did.
    """
    if changed:
        raise RefusedError(
            f"{path} changed while it was surveyed; run again when the traffic system has written "
            "all of it"
        )
