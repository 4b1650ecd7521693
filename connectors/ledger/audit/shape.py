"""Shape of what stands in a ledger's files, checked in plain Python, apart from what wrote them."""

from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any, get_args

from connectors.ledger.audit.findings import shown
from connectors.records import Format, Reason

Test = Callable[[Any], bool]
Shape = Mapping[str, Test]

OFFSETS = 1 << 63
"""File offsets end here on every system, and so do the integers of SQLite."""


def natural(value: object) -> bool:
    """Tell whether it is a count, a line or an offset; True and False are not."""
    return type(value) is int and 0 <= value < OFFSETS


def positive(value: object) -> bool:
    """Tell whether it is a whole number above 0, however large."""
    return type(value) is int and value > 0


def seconds(value: object) -> bool:
    """Tell whether it is a length of time."""
    return type(value) in {int, float} and 0 <= value < inf  # type: ignore[operator]


def text(value: object) -> bool:
    """Tell whether it is a string."""
    return type(value) is str


def flag(value: object) -> bool:
    """Tell whether it is true or false."""
    return type(value) is bool


def one_of(*choices: str | int) -> Test:
    """Build the test for a fixed set of values."""
    return lambda value: type(value) in (str, int) and value in choices


def hexadecimal(digits: int) -> Test:
    """Build the test for a digest or ID of so many lower-case hex digits."""
    return lambda value: text(value) and len(value) == digits and not value.strip(HEX)


def optional(test: Test) -> Test:
    """Build the test that lets null pass as well."""
    return lambda value: value is None or test(value)


def table(test: Test) -> Test:
    """Build the test for an object whose values all pass."""
    return lambda value: isinstance(value, dict) and all(map(test, value.values()))


def sequence(test: Test) -> Test:
    """Build the test for an array whose items all pass."""
    return lambda value: isinstance(value, list) and all(map(test, value))


HEX = "0123456789abcdef"
SHA256 = hexadecimal(64)
REQUEST_ID = hexadecimal(32)

RECEIPT: Shape = {
    "line": natural,
    "offset": natural,
    "spot_id": text,
    "station": text,
    "airtime": text,
    "request_id": REQUEST_ID,
    "outcome": one_of("accepted", "duplicate"),
    "status": natural,
    "attempts": natural,
    "delivered_at": text,
    "duration_sec": positive,
    "advertiser": text,
}

DEAD_LETTER: Shape = {
    "line": natural,
    "offset": natural,
    "reason": one_of(*get_args(Reason)),
    "detail": text,
    "status": optional(natural),
    "redrivable": flag,
    "request_id": optional(text),
    "attempts": natural,
    "raw": text,
}

MANIFEST: Shape = {
    "version": one_of(1),
    "ledger": text,
    "export": text,
    "format": one_of(*get_args(Format)),
    "columns": sequence(text),
    "ancestors": sequence(SHA256),
    "mode": one_of("upload", "validate-only"),
    "checksum": SHA256,
    "bytes": natural,
    "stations": optional(sequence(text)),
    "api_url": optional(text),
    "total_records": natural,
    "valid_records": natural,
    "rejected_records": natural,
    "skipped": natural,
    "accepted": natural,
    "duplicates": natural,
    "failed": natural,
    "dead_lettered": natural,
    "reasons": table(natural),
    "reconciled": flag,
    "attempts": natural,
    "parked": natural,
    "throttled": natural,
    "breaker_openings": natural,
    "paused_seconds": seconds,
    "breaker_seconds": seconds,
    "token_renewals": natural,
    "held_up": table(sequence(seconds)),
    "receipts_sha256": SHA256,
    "dead_letters_sha256": SHA256,
    "previous": optional(SHA256),
    "started_at": text,
    "completed_at": text,
}


def flaws(fields: object, shape: Shape) -> Iterator[str]:
    """Say what keeps `fields` from having the shape; fields beyond it are nobody's business."""
    if not isinstance(fields, dict):
        yield "is not a JSON object"
        return
    for name, fits in shape.items():
        if name not in fields:
            yield f"has no `{name}`"
        elif not fits(fields[name]):
            yield f"`{name}` cannot be {shown(fields[name])}"
