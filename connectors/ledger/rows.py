"""Receipts and dead letters as lines of JSON."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from pydantic_core import from_json, to_json

from connectors.errors import RefusedError
from connectors.records import Ancestor, DeadLetter, Receipt

_WRITTEN = Receipt._fields.index("raw")
_LETTER = DeadLetter._fields[: DeadLetter._fields.index("raw")]


_Delivered = msgspec.defstruct(
    "_Delivered",
    [*Receipt._fields[:_WRITTEN], ("ancestor", dict[str, Any] | None, None)],
    omit_defaults=True,
    gc=False,
)
"""A receipt as it is written."""

_encode_lines = msgspec.json.Encoder().encode_lines  # there is a receipt for each spot


def to_rows(receipts: Iterable[Receipt]) -> bytes:
    """Return a line of NDJSON for each receipt, line ends included."""
    return _encode_lines(
        _Delivered(*one[:_WRITTEN], one.ancestor and one.ancestor._asdict()) for one in receipts
    )


def to_row(record: Receipt | DeadLetter) -> bytes:
    """Return one line of NDJSON, line end included."""
    if isinstance(record, Receipt):
        return to_rows([record])
    ancestor = record.ancestor and record.ancestor._asdict()
    fields: dict[str, Any] = dict(zip(_LETTER, record, strict=False)) | _raw(record.raw)
    if ancestor:
        fields["ancestor"] = ancestor
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
