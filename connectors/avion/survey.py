"""One sequential look at an export before the run: checksum, records, and where to divide it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import index
from pathlib import Path
from typing import BinaryIO

from connectors.avion.cutter import LINE_LIMIT, Cutter
from connectors.avion.head import HEAD_BYTES, Head, read_head
from connectors.avion.milestones import STEP, Milestones
from connectors.avion.sheets import check_sheet
from connectors.avion.stamp import stamp_of
from connectors.errors import RefusedError
from connectors.records import Export, Split

LANES = 8
"""Most splits of an export, and so the most workers that read one: part of the storage format."""

SPLIT_BYTES = 32 << 20
"""Least size of a split. A smaller export is read by one lane, in the order it was written."""

_BLOCK = STEP
"""Bytes of one read: from milestone to milestone, so that each costs next to nothing."""


def survey(
    path: Path,
    *,
    line_limit: int = LINE_LIMIT,
    split_bytes: int = SPLIT_BYTES,
    progress: Callable[[int], None] = lambda _: None,
) -> Export:
    """Read an export once and say what it is.

    Args:
        path: NDJSON or CSV file.
        line_limit: Bytes that a record may have.
        split_bytes: Least size of a split in bytes.
        progress: Called with the bytes read so far.

    Raises:
        RefusedError: The file is missing, unreadable, no export, contradicts the traffic system's
            own `<export>.manifest.json`, or is a sheet of the desk that a spreadsheet damaged.
    """
    try:
        with path.open("rb") as file:
            head = read_head(path, file.read(HEAD_BYTES))
            export = _survey(path, file, head, line_limit, split_bytes, progress)
    except IsADirectoryError:
        raise RefusedError(f"{path} is a directory; name the export file itself") from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}") from None
    _compare_with_manifest(export)
    return check_sheet(export, line_limit=line_limit)


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
    cutter = Cutter(
        head.format,
        columns=head.columns,
        offset=head.offset,
        number=head.number,
        limit=line_limit,
    )
    milestones, records, starts = Milestones(size), 0, [(head.offset, head.number)]
    file.seek(0)
    milestones.add(file.read(head.offset))
    with ThreadPoolExecutor(1) as hasher:  # hashing releases the GIL, so it runs beside the count
        while block := file.read(_BLOCK - file.tell() % _BLOCK):
            hashed = hasher.submit(milestones.add, block)
            records += sum(map(len, cutter.feed(block)))
            due = head.offset + step * len(starts)
            if due <= cutter.offset < size and len(starts) < LANES:
                starts.append((cutter.offset, cutter.number))
            hashed.result()
            progress(file.tell())
    records += sum(map(len, cutter.close()))
    if stamp_of(file.fileno()) != stamp or milestones.size != size:
        raise RefusedError(
            f"{path} changed while it was surveyed; run again when the traffic system has written "
            "all of it"
        )
    ends = [offset for offset, _ in starts[1:]] + [size]
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
    )


def _compare_with_manifest(export: Export) -> None:
    path = export.path.with_name(export.path.name + ".manifest.json")
    try:
        told = json.loads(path.read_bytes())
        records, checksum = index(told["records"]), told["sha256"].lower()
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            f'{path} cannot be used: {error!r}; it must hold {{"records", "sha256"}}'
        ) from None
    if checksum != export.checksum:
        raise RefusedError(
            f"{export.path} is not what the traffic system wrote: its SHA-256 is "
            f"{export.checksum}, {path.name} says {checksum}; fetch the export again"
        )
    if records != export.records:
        raise RefusedError(
            f"{export.path} holds {export.records} records, {path.name} says {records}; "
            "fetch the export again"
        )
