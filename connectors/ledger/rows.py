"""Receipts and dead letters as lines of JSON."""

import base64
from typing import Any

from pydantic_core import to_json

from connectors.records import DeadLetter, Receipt

_WRITTEN = Receipt._fields[: Receipt._fields.index("raw")]


def to_row(record: Receipt | DeadLetter) -> bytes:
    """Return one line of NDJSON, line end included."""
    if isinstance(record, DeadLetter):
        return to_json(record._asdict() | _raw(record.raw)) + b"\n"
    return to_json(dict(zip(_WRITTEN, record, strict=False))) + b"\n"


def _raw(raw: bytes) -> dict[str, Any]:
    """Return the original bytes as text; if they are no UTF-8, in base64 as well."""
    raw = raw.removesuffix(b"\r")
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        encoded = base64.b64encode(raw).decode()
        return {"raw": raw.decode(errors="replace"), "raw_base64": encoded}
