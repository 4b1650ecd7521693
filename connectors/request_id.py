"""The request ID of a spot: idempotency key and trace ID in one."""

from hashlib import sha256

UNIT_SEPARATOR = "\x1f"
REQUEST_ID_DIGITS = 32
"""Hex digits of a request ID: 128 bits, so that it serves as the W3C trace ID as well."""


def request_id(spot_id: str, airtime: str, checksum: str, station: str) -> str:
    """Derive a spot's request ID, equal in every run over the same export.

    No two spots join to one text, even where a spot ID or station holds the separator: an air time
    holds none, and no field holds the checksum of the file that it stands in.

    Returns:
        32 lower-case hex digits: X-Request-ID, idempotency key and W3C trace ID in one.
    """
    text = UNIT_SEPARATOR.join((spot_id, airtime, checksum, station))
    return sha256(text.encode()).hexdigest()[:REQUEST_ID_DIGITS]


def heir_checksum(checksum: str, offset: int, duration: int, advertiser: str) -> str:
    """Return what stands for the checksum in the request ID of a row that comes from another.

    It is made of the record that the row comes from and of the correction, not of the sheet that
    the row stands in: the same correction in another sheet is the same request.
    """
    text = UNIT_SEPARATOR.join((checksum, str(offset), str(duration), advertiser))
    return sha256(text.encode()).hexdigest()


def added_checksum(duration: int, advertiser: str) -> str:
    """Return what stands for the checksum in the request ID of a row that the desk added.

    It is made of the row alone, so that the same row in another sheet is the same request.
    """
    text = UNIT_SEPARATOR.join(("added", str(duration), advertiser))
    return sha256(text.encode()).hexdigest()
