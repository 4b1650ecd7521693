"""What an export is, found out plainly: an audit does not use the survey that it is auditing."""

import csv
from pathlib import Path

from connectors.ledger.audit.plain_open import plain_open, plain_packing
from connectors.ledger.files import sha256_of
from connectors.records import Export, Format

_HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"
_PACKED = {".gz", ".gzip", ".zst", ".zstd"}


def plain_export(path: Path) -> Export:
    """Say what an export is, but for its records, which `plain_lines` gives.

    Raises:
        OSError: It cannot be read.
        RefusedError: It is packed, and damaged.
    """
    with plain_open(path) as file:
        head = file.read(_HEAD).removeprefix(_BOM)
    form = _format(path, head)
    columns = _columns(head) if form == "csv" else ()
    size, packing = path.stat().st_size, plain_packing(path)
    return Export(path, form, sha256_of(path), size, 0, (), columns, packing=packing)


def _format(path: Path, head: bytes) -> Format:
    suffixes, first = [suffix.lower() for suffix in path.suffixes], head.strip()[:1]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix != ".csv" and first == b"[":
        return "json"
    if suffix in {".ndjson", ".jsonl"}:
        return "ndjson"
    return "csv" if suffix == ".csv" or first not in {b"{", b""} else "ndjson"


def _columns(head: bytes) -> tuple[str, ...]:
    rows = csv.reader(head.decode(errors="replace").splitlines(keepends=True))
    names = next((row for row in rows if "".join(row).strip()), [])
    return tuple(name.strip() for name in names)
