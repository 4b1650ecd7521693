"""Receipts and dead letters as lines of JSON."""

import base64
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from connectors.errors import RefusedError
from connectors.records import Ancestor, DeadLetter, Receipt

_WRITTEN = Receipt._fields[: Receipt._fields.index("raw")]
_LETTER = DeadLetter._fields[: DeadLetter._fields.index("raw")]


def to_row(record: Receipt | DeadLetter) -> bytes:
    """Return one line of NDJSON, line end included."""
    fields: dict[str, Any]
    if isinstance(record, DeadLetter):
        fields = dict(zip(_LETTER, record, strict=False)) | _raw(record.raw)
    else:
        fields = dict(zip(_WRITTEN, record, strict=False))
    if record.ancestor:
        fields["ancestor"] = record.ancestor._asdict()
    return to_json(fields) + b"\n"


def read_row(path: Path, row: bytes) -> dict[str, Any]:
    """Read the fields of a row that stands in a ledger's file.

    Raises:
        RefusedError: It is damaged.
    """
    try:
        fields: dict[str, Any] = from_json(row)
    except ValueError:
        raise RefusedError(
            f"{path} is damaged; `avstar verify {path.parent}` says what is wrong"
        ) from None
    return fields


def to_dead_letter(row: bytes) -> DeadLetter:
    """Read a dead letter back.

    Raises:
        ValueError: The row is damaged; so are the KeyError and TypeError that it may raise.
    """
    fields = from_json(row)
    coded, ancestor = fields.get("raw_base64"), fields.get("ancestor")
    raw = fields["raw"].encode() if coded is None else base64.b64decode(coded)
    values = [*(fields[name] for name in _LETTER), raw]
    return DeadLetter(*values)._replace(ancestor=Ancestor(**ancestor) if ancestor else None)


def _raw(raw: bytes) -> dict[str, Any]:
    """Return the original bytes as text; if they are no UTF-8, in base64 as well."""
    raw = raw.removesuffix(b"\r")
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        encoded = base64.b64encode(raw).decode()
        return {"raw": raw.decode(errors="replace"), "raw_base64": encoded}
