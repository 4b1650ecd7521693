"""What an export is, found out plainly: an audit does not use the survey that it is auditing."""

import csv
from pathlib import Path

from connectors.ledger.files import sha256_of
from connectors.records import Export, Format

_HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"


def plain_export(path: Path) -> Export:
    """Say what an export is, but for its records, which `plain_lines` gives.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(_BOM)
    form = _format(path, head)
    columns = _columns(head) if form == "csv" else ()
    return Export(path, form, sha256_of(path), path.stat().st_size, 0, (), columns)


def _format(path: Path, head: bytes) -> Format:
    suffix = path.suffix.lower()
    if suffix in {".ndjson", ".jsonl"}:
        return "ndjson"
    return "csv" if suffix == ".csv" or head.strip()[:1] not in {b"{", b""} else "ndjson"


def _columns(head: bytes) -> tuple[str, ...]:
    rows = csv.reader(head.decode(errors="replace").splitlines(keepends=True))
    names = next((row for row in rows if "".join(row).strip()), [])
    return tuple(name.strip() for name in names)
