"""Dates as HTTP writes them, and a server's own clock."""

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def http_date(text: str | None) -> datetime | None:
    """Read a date in any of the forms of RFC 9110; None if it is none."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):  # which of them depends on Python's version
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def sent_at(headers: Mapping[str, str], now: datetime | None = None) -> datetime:
    """Return when an answer was sent by the server's clock, or by ours (`now`) if it is silent.

    What is measured from here does not mind clocks that differ.
    """
    return http_date(headers.get("Date")) or now or datetime.now(timezone.utc)
