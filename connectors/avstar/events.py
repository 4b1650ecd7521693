"""What a delivery tells the audit log of single spots."""

import logging

from connectors.avstar.tries import Tries
from connectors.records import DeadLetter

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
        },
    )


def log_undelivered(letter: DeadLetter) -> None:
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
        },
    )
