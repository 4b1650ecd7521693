"""What a delivery tells the audit log of single spots."""

import logging

from connectors.avstar.answer import Answer
from connectors.avstar.tries import Tries
from connectors.records import DeadLetter
from connectors.trail import Trail

log = logging.getLogger(__name__)


def log_retry(tries: Tries, wait: float) -> None:
    """Tell that a spot is sent again after `wait` seconds, and why."""
    log.info(
        "retry",
        extra={
            "request_id": tries.spot.request_id,
            "line": tries.spot.line,
            "attempt": tries.attempts,
            "status": tries.answer.status,
            "detail": tries.answer.detail,
            "wait_seconds": round(wait, 3),
            "span_id": f"{tries.trail.last.span:016x}" if tries.trail.last else None,
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


def wrong(url: str, answer: Answer) -> str:
    """Say that credentials, certificates or URL are wrong, as an answer shows."""
    said = f"answered {answer.status}" if answer.status else "cannot be used"
    what = "certificates, the proxy" if answer.misconfigured else "token"
    return (
        f"{url} {said} ({answer.detail or 'no explanation'}); check the {what} and the API URL, "
        "then run again: nothing was dead-lettered for it"
    )
