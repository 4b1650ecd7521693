"""The first bytes of an export: what it is written in, and what it is not."""

from pathlib import Path
from typing import NamedTuple

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS, RecordFormat
from connectors.avion.formats.csv import Csv
from connectors.avion.packing import SUFFIXES, suffix_within
from connectors.errors import RefusedError
from connectors.records import COLUMNS, Packing

HEAD_BYTES = 1 << 16
"""Bytes looked at before the survey; a CSV header must end within them."""

UTF8_BOM = b"\xef\xbb\xbf"

_UTF16 = "UTF-16: save it as UTF-8 (spreadsheets call that 'CSV UTF-8')"
_FOREIGN = {
    b"\x1f\x8b": "packed twice: unpack it once",
    b"\x28\xb5\x2f\xfd": "packed twice: unpack it once",
    b"PK\x03\x04": "a ZIP or spreadsheet: export it as CSV or NDJSON",
    b"%PDF": "a PDF: export it as CSV or NDJSON",
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
}
_TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\x1b")
_BINARY_SHARE = 0.1
"""Share of control bytes from which a file is taken for no text at all."""

_UTF16_SHARE = 0.3
"""Share of NUL from which a file is UTF-16 without a mark at its beginning: every second byte."""


class Head(NamedTuple):
    """Format and columns of an export, and the offset and line at which its records begin."""

    format: RecordFormat
    columns: tuple[str, ...]
    offset: int
    number: int
    packing: Packing = "none"


def read_head(path: Path, text: bytes, packing: Packing = "none") -> Head:
    """Recognise an export by its name and the first `HEAD_BYTES` of its text.

    Raises:
        RefusedError: It is no traffic export; the message says what to do.
    """
    if packing == "none":
        _refuse_unpacked(path, text)
    _refuse_foreign(path, text)
    start = len(UTF8_BOM) if text.startswith(UTF8_BOM) else 0
    record_format = _format(path, text[start:])
    if record_format.name == "ndjson":
        return Head(record_format, (), start, 1, packing)
    if record_format.name == "json":
        first = text.index(b"[") + 1
        return Head(record_format, (), first, 1 + text.count(b"\n", 0, first), packing)
    try:
        return _csv_head(record_format, text, start)._replace(packing=packing)
    except RefusedError as error:
        raise RefusedError(f"{path}: {error}") from None


def _refuse_unpacked(path: Path, text: bytes) -> None:
    """Text by a packed name is taken as it is; what is neither was cut or damaged on its way."""
    if path.suffix.lower() in SUFFIXES and (not text or b"\0" in text):
        raise RefusedError(
            f"{path} is not what its name says: it is {'damaged' if text else 'empty'}; fetch it "
            "again"
        )


def _refuse_foreign(path: Path, text: bytes) -> None:
    if text.removeprefix(UTF8_BOM).lstrip().startswith(b"<"):
        raise RefusedError(
            f"{path} is HTML or XML, as a page that was saved for the export; fetch it again"
        )
    for magic, what in _FOREIGN.items():
        if text.startswith(magic):
            raise RefusedError(f"{path} is {what}")
    if text.count(b"\0") > len(text) * _UTF16_SHARE:
        raise RefusedError(f"{path} is {_UTF16}")
    controls = sum(byte < ord(" ") and byte not in _TEXT_CONTROLS for byte in text)
    if controls > len(text) * _BINARY_SHARE:
        raise RefusedError(f"{path} is a binary file; an export is NDJSON or CSV")


def _format(path: Path, text: bytes) -> RecordFormat:
    first, suffix = text.lstrip()[:1], suffix_within(path)
    named = [f for f in FORMATS.values() if suffix in f.suffixes]
    if first == b"[" and not (named and named[0].name == "csv"):
        return FORMATS["json"]
    is_csv = any(column.encode() in text.partition(b"\n")[0] for column in COLUMNS)
    if named:
        if named[0].name == "ndjson" and is_csv and b"{" not in text:
            raise RefusedError(f"{path} is a CSV by its header; name it .csv")
        return named[0]
    if first in {b"{", b""}:
        return FORMATS["ndjson"]
    if is_csv:
        return FORMATS["csv"]
    raise RefusedError(f"{path} is neither NDJSON nor CSV; name it .ndjson or .csv if it is")


def _csv_head(record_format: RecordFormat, text: bytes, start: int) -> Head:
    cutter = Cutter(record_format, offset=start)
    whole = len(text) < HEAD_BYTES
    for lines in [*cutter.feed(text[start:]), *(cutter.close() if whole else ())]:
        if lines.raws:
            header = next(iter(lines))
            first, _ = lines.take(lines.pieces.index(header.raw) + 1)
            columns = record_format.header(header.raw)
            offset = min(first.offset + first.size, len(text))  # the header may lack a line end
            return Head(record_format, columns, offset, first.next_number)
    if not whole:
        raise RefusedError(f"the CSV header does not end within {HEAD_BYTES} bytes")
    return Head(record_format, Csv().header(None), len(text), 1)
