"""When a duplicate is none: another row has its request ID, but not its content."""

from collections.abc import Collection
from hashlib import blake2b
from typing import Literal, NamedTuple

from pydantic_core import to_json

from connectors.records import DeadLetter, Receipt

_DIGEST_BYTES = 16
"""As many as a request ID has: enough that two contents never share one by chance."""


Kind = Literal["accepted", "duplicate", "redrivable", "conflicting"]
"""A receipt by its outcome, a redrivable dead letter, or one that is a `conflicting_duplicate`."""


class Holder(NamedTuple):
    """A row that Avstar has, or may have, under its request ID.

    `digest` is that of its content; of a dead letter, which was not taken apart, that of its bytes.
    """

    line: int
    kind: Kind
    digest: bytes


_RECEIPTS = frozenset({"accepted", "duplicate"})


def content_digest(duration_sec: int, advertiser: str) -> bytes:
    """Digest what two spots of one request ID may still differ in."""
    return _digest(to_json((duration_sec, advertiser)))


def raw_digest(raw: bytes) -> bytes:
    """Digest the bytes of a record; a carriage return before the line end is none of them."""
    return _digest(raw.removesuffix(b"\r"))


def conflict(receipt: Receipt, holders: Collection[Holder]) -> Holder | None:
    """Find the row of other content that a `duplicate` may have been taken for.

    Args:
        receipt: What Avstar said it has already.
        holders: All rows with the request ID of the receipt.

    Returns:
        None if Avstar has the receipt's own content, as far as the ledger can know.
    """
    content = content_digest(receipt.duration_sec, receipt.advertiser)
    raw = raw_digest(receipt.raw)
    mine = {"accepted": content, "duplicate": content, "redrivable": raw, "conflicting": raw}
    others = sorted((one for one in holders if one.line != receipt.line), key=_by_kind)
    if any(one.kind == "accepted" and one.digest == content for one in others):
        return None
    # Where Avstar may have a redrivable row, it may as well have one that lost against that.
    suspects = set(mine) if any(one.kind == "redrivable" for one in others) else _RECEIPTS
    return next(
        (one for one in others if one.kind in suspects and one.digest != mine[one.kind]), None
    )


def conflicting(receipt: Receipt, holder: Holder) -> DeadLetter:
    """Make the dead letter of a `duplicate` that another row was taken for."""
    verb = "has" if holder.kind == "accepted" else "may have"
    return DeadLetter(
        receipt.line,
        receipt.offset,
        "conflicting_duplicate",
        f"under this request ID Avstar {verb} the row in line {holder.line}, whose content differs",
        receipt.status,
        False,
        receipt.request_id,
        receipt.attempts,
        receipt.raw,
        receipt.ancestor,
    )


def _by_kind(holder: Holder) -> tuple[str, int]:
    return holder.kind, holder.line  # what was accepted comes first, and tells most


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
