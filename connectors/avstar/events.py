"""What a delivery tells the audit log of single spots."""

import logging

from connectors.avstar.answer import Answer
from connectors.avstar.parcel import Parcel
from connectors.avstar.settings import AvstarSettings
from connectors.records import DeadLetter
from connectors.trail import Trail

log = logging.getLogger(__name__)


def log_retry(parcel: Parcel, wait: float) -> None:
    """Tell that spots are sent again after `wait` seconds, and why; of several, name the first."""
    log.info("retry", extra={**_about(parcel), "wait_seconds": round(wait, 3)})


def log_divided(parcel: Parcel) -> None:
    """Tell that a bulk request was refused or failed as a whole, and is divided."""
    log.info("bulk request divided", extra=_about(parcel))


def log_repeated(parcel: Parcel) -> None:
    """Tell that a delivered spot was sent again to see whether the API is well, and the answer."""
    log.warning("delivered spot repeated", extra=_about(parcel))


def _about(parcel: Parcel) -> dict[str, object]:
    first = parcel.tries[0]
    last = first.trail.last
    about = {
        "request_id": first.spot.request_id,
        "line": first.spot.line,
        "attempt": first.attempts,
        "status": first.answer.status,
        "detail": first.answer.detail,
        "span_id": f"{last.span:016x}" if last else None,
    }
    if last and last.bulk_id:
        about |= {"records": len(parcel), "bulk_id": last.bulk_id}
    return about


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
    of_the_way = answer.misconfigured and not answer.problem_type
    what = "certificates, the proxy" if of_the_way else "token"
    bulk = ""
    if settings.records_per_request > 1:
        bulk = ", and whether it takes bulk requests (--records-per-request 1 sends one by one)"
    return (
        f"{settings.ingest_url} {said} ({answer.detail or 'no explanation'}); check the {what} and "
        f"the API URL{bulk}, then run again: nothing was dead-lettered for it"
    )
