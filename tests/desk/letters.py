"""Ledgers with dead letters of every kind, for the desk to look at."""

import json
from pathlib import Path
from typing import Any

from connectors.records import COLUMNS, DeadLetter, Receipt
from tests.ledger.ledgers import Ledgers

AIRTIME = "2026-11-24T05:30:00Z"


def record(**changes: Any) -> bytes:
    fields = dict(zip(COLUMNS, ("SP1", "KABC", AIRTIME, 30, "Acme"), strict=True))
    return json.dumps(fields | changes).encode()


def letter(
    offset: int, reason: Any = "schema", raw: bytes | None = None, detail: str = "why"
) -> DeadLetter:
    able = reason in {"circuit_open", "retries_exhausted"}
    request = f"{offset:032}" if able or reason == "rejected" else None
    raw = record(SpotID=f"SP{offset}") if raw is None else raw
    return DeadLetter(offset + 1, offset, reason, detail, None, able, request, 1, raw)


def receipt(offset: int, moment: str = "2026-11-24T03:00:00.000+00:00", **changes: Any) -> Receipt:
    spot = (f"SP{offset}", "KABC", AIRTIME, f"{offset:032}", "accepted", 201, 1, moment)
    values = Receipt(offset + 1, offset, *spot, 30, "Acme", b"")  # type: ignore[arg-type]
    return values._replace(**changes)


def night(folder: Path, *rows: DeadLetter | Receipt, name: str = "day") -> Ledgers:
    ledgers = Ledgers(folder)
    ledgers.seal(name, *rows)
    return ledgers
