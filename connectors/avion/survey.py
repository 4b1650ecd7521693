"""One sequential look at an export before the run: checksum, records, and where to divide it."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

from connectors.avion.array_cutter import ArrayCutter
from connectors.avion.cutter import LINE_LIMIT, Cutter
from connectors.avion.cutters import new_cutter
from connectors.avion.head import HEAD_BYTES, Head, read_head
from connectors.avion.milestones import Milestones
from connectors.avion.packing import MAGIC_BYTES, packing_of
from connectors.avion.recognition import blocks_of, recognise, refuse_changed
from connectors.avion.sheets import check_sheet
from connectors.avion.stamp import stamp_of
from connectors.avion.told import read_told
from connectors.avion.unpacker import DamagedError, behind, unpacked
from connectors.avion.waypoints import Waypoints, remember
from connectors.errors import RefusedError, unread
from connectors.records import Export, Packing, Split
from connectors.surveyed import Surveyed

LANES = 8
"""Most splits of an export, and so the most workers that read one: part of the storage format."""

SPLIT_BYTES = 32 << 20
"""Least size of a split. A smaller export is read by one lane, in the order it was written."""


def survey(
    path: Path,
    *,
    line_limit: int = LINE_LIMIT,
    split_bytes: int = SPLIT_BYTES,
    progress: Callable[[int], None] = lambda _: None,
    known: Collection[Surveyed] = (),
) -> Export:
    """Read an export once and say what it is.

    Args:
        path: NDJSON, JSON array or CSV, maybe packed by gzip or zstd.
        line_limit: Bytes that a record may have.
        split_bytes: Least size of a split in bytes.
        progress: Called with the bytes read so far.
        known: What surveys found before. A zstd file among these is hashed, and not unpacked.

    Raises:
        RefusedError: The file is missing, unreadable, no export, cut, contradicts the traffic
            system's own `<export>.manifest.json`, or is a sheet that a spreadsheet damaged.
    """
    try:
        with path.open("rb") as file:
            packing = packing_of(file.read(MAGIC_BYTES))
            head = read_head(path, _opening(file, packing), packing)
            known = [one for one in known if one.line_limit == line_limit]
            export = recognise(path, file, head, known, progress) or _survey(
                path, file, head, line_limit, split_bytes, progress
            )
    except IsADirectoryError:
        raise RefusedError(f"{path} is a directory; name the export file itself") from None
    except OSError as error:
        raise unread(path, error) from None
    except DamagedError as error:
        raise RefusedError(f"{path} {error}; fetch it again: nothing was sent") from None
    _compare_with_manifest(export)
    return check_sheet(export, line_limit=line_limit)


def _opening(file: BinaryIO, packing: Packing) -> bytes:
    """Return the first bytes of a text, no more than the head is looked for in."""
    text = b""
    file.seek(0)
    for piece in unpacked(iter(partial(file.read, HEAD_BYTES), b""), packing):
        text += piece
        if len(text) >= HEAD_BYTES:
            break
    return text[:HEAD_BYTES]


def _survey(  # noqa: PLR0913, PLR0917 - the settings of `survey`, opened
    path: Path,
    file: BinaryIO,
    head: Head,
    line_limit: int,
    split_bytes: int,
    progress: Callable[[int], None],
) -> Export:
    stamp = stamp_of(file.fileno())
    size = file.seek(0, 2)
    step = max(split_bytes, -(-(size - head.offset) // LANES))
    cutter = new_cutter(
        head.format,
        columns=head.columns,
        offset=head.offset,
        number=head.number,
        limit=line_limit,
    )
    milestones, digest, waypoints = Milestones(size), hashlib.sha256(), Waypoints()
    packed, starts = head.packing != "none", [(head.offset, head.number)]
    records, end = 0, head.offset
    with ThreadPoolExecutor(1) as hasher:
        blocks = _hashed(blocks_of(file, progress), milestones.add, hasher)
        text = unpacked(blocks, head.packing, waypoints.pass_by)
        for block in behind(_hashed(text, digest.update, hasher) if packed else text, end):
            records += sum(map(len, cutter.feed(block)))
            end += len(block)
            due = head.offset + step * len(starts)
            if due <= cutter.offset < size and len(starts) < LANES and not packed:
                starts.append((cutter.offset, cutter.number))
    records += sum(map(len, cutter.close()))
    refuse_changed(path, stamp_of(file.fileno()) != stamp or milestones.size != size)
    _refuse_unfinished(path, cutter)
    ends = [offset for offset, _ in starts[1:]] + [end]
    remember(milestones.checksum, waypoints)
    return Export(
        path,
        head.format.name,
        milestones.checksum,
        size,
        records,
        tuple(Split(start, end, line) for (start, line), end in zip(starts, ends, strict=True)),
        head.columns,
        milestones.passed,
        stamp,
        packing=head.packing,
        text_checksum=digest.hexdigest() if packed else "",
    )


def _hashed(
    blocks: Iterable[bytes], add: Callable[[bytes], object], hasher: Executor
) -> Iterator[bytes]:
    """Pass blocks on, each hashed while it is worked on: hashing releases the GIL."""
    for block in blocks:
        done = hasher.submit(add, block)
        yield block
        done.result()


def _refuse_unfinished(path: Path, cutter: Cutter | ArrayCutter) -> None:
    if not cutter.whole:
        raise RefusedError(
            f"{path} is a JSON array whose last bracket is not where the file ends: it is cut or "
            "damaged; fetch it again: nothing was sent"
        )


def _compare_with_manifest(export: Export) -> None:
    path = export.path.with_name(export.path.name + ".manifest.json")
    told = read_told(path)
    if told is None:
        return
    if told.checksum != export.checksum:
        raise RefusedError(
            f"{export.path} is not what the traffic system wrote: its SHA-256 is "
            f"{export.checksum}, {path.name} says {told.checksum}; fetch the export again"
        )
    if told.records != export.records:
        raise RefusedError(
            f"{export.path} holds {export.records} records, {path.name} says {told.records}; "
            "fetch the export again"
        )
