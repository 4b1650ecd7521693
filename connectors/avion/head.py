"""The first bytes of an export: what it is written in, and what it is not."""

from pathlib import Path
from typing import NamedTuple

from connectors.avion.cutter import Cutter
from connectors.avion.formats import FORMATS, RecordFormat
from connectors.avion.formats.csv import Csv
from connectors.errors import RefusedError
from connectors.records import COLUMNS

HEAD_BYTES = 1 << 16
"""Bytes looked at before the survey; a CSV header must end within them."""

UTF8_BOM = b"\xef\xbb\xbf"

_UTF16 = "UTF-16: save it as UTF-8 (spreadsheets call that 'CSV UTF-8')"
_FOREIGN = {
    b"\x1f\x8b": "gzip: unpack it first",
    b"\x28\xb5\x2f\xfd": "zstd: unpack it first",
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


def read_head(path: Path, text: bytes) -> Head:
    """Recognise an export by its name and its first `HEAD_BYTES`.

    Raises:
        RefusedError: It is no traffic export; the message says what to do.
    """
    _refuse_foreign(path, text)
    start = len(UTF8_BOM) if text.startswith(UTF8_BOM) else 0
    record_format = _format(path, text[start:])
    if record_format.name == "ndjson":
        return Head(record_format, (), start, 1)
    try:
        return _csv_head(record_format, text, start)
    except RefusedError as error:
        raise RefusedError(f"{path}: {error}") from None


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
    first = text.lstrip()[:1]
    named = [f for f in FORMATS.values() if path.suffix.lower() in f.suffixes]
    if first == b"[" and not (named and named[0].name == "csv"):
        raise RefusedError(
            f"{path} is a JSON array; one object a line is needed: jq -c '.[]' FILE > FILE.ndjson"
        )
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
