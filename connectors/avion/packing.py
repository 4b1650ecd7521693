"""What an export is packed in: its first bytes say so, whatever its name."""

from pathlib import PurePath

from connectors.records import Packing

MAGIC_BYTES = 4
"""First bytes of a file that are looked at."""

SUFFIXES = (".gz", ".gzip", ".zst", ".zstd")
"""What packed files are called, behind the suffix of what is in them."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
"""Frames of zstd that hold no text; parallel tools begin with one."""


def packing_of(head: bytes) -> Packing:
    """Recognise what a file is packed in by its first `MAGIC_BYTES`."""
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD) or int.from_bytes(head[:MAGIC_BYTES], "little") in _SKIPPABLE:
        return "zstd"
    return "none"


def suffix_within(path: PurePath) -> str:
    """Return the suffix of what a file holds, in lower case: `.csv` of `day.csv.gz`."""
    suffix = path.suffix.lower()
    return PurePath(path.stem).suffix.lower() if suffix in SUFFIXES else suffix
