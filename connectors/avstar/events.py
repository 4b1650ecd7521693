"""What a delivery tells the audit log of single spots."""

import logging

from connectors.avstar.answer import Answer
from connectors.avstar.parcel import Parcel
from connectors.avstar.request import bulk_id
from connectors.avstar.settings import AvstarSettings
from connectors.records import DeadLetter
from connectors.trail import Trail

log = logging.getLogger(__name__)


def log_retry(parcel: Parcel, answer: Answer, wait: float) -> None:
    """Tell that spots are sent again after `wait` seconds, and why; of several, name the first."""
    first = parcel.tries[0]
    log.info(
        "retry",
        extra={
            "request_id": first.spot.request_id,
            "line": first.spot.line,
            "records": len(parcel),
            "attempt": first.attempts,
            "status": answer.status,
            "detail": answer.detail,
            "wait_seconds": round(wait, 3),
            "span_id": f"{first.trail.last.span:016x}" if first.trail.last else None,
        },
    )


def log_divided(parcel: Parcel, answer: Answer) -> None:
    """Tell that a bulk request was refused or failed as a whole, and is divided."""
    log.info(
        "bulk request divided",
        extra={
            "request_id": bulk_id(parcel.spots),
            "line": parcel.tries[0].spot.line,
            "records": len(parcel),
            "status": answer.status,
            "detail": answer.detail,
        },
    )


def log_undelivered(letter: DeadLetter, trail: Trail) -> None:
    """Tell that a spot became a dead letter, and why."""
    log.warning(
        "undelivered",
        extra={
            "request_id": letter.request_id,
            "line": letter.line,
            "reason": letter.reason,
            "attempts": letter.attempts,
            "status": letter.status,
            "detail": letter.detail,
            "span_id": f"{trail.span:016x}",
        },
    )


def wrong(settings: AvstarSettings, answer: Answer) -> str:
    """Say that credentials, certificates or URL are wrong, as an answer shows."""
    said = f"answered {answer.status}" if answer.status else "cannot be used"
    what = "certificates, the proxy" if answer.misconfigured else "token"
    why = answer.detail or "no explanation"
    if answer.each is not None:
        why = "it says nothing of the records that were sent"
    bulk = ""
    if settings.records_per_request > 1:
        bulk = ", and whether it takes bulk requests (--records-per-request 1 sends one by one)"
    return (
        f"{settings.ingest_url} {said} ({why}); check the {what} and the API URL{bulk}, "
        "then run again: nothing was dead-lettered for it"
    )
