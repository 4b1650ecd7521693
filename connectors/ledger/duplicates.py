"""What Avstar calls a duplicate, held back until it is known whether it is one."""

import logging
from collections.abc import Iterator
from pathlib import Path

from connectors.ledger.conflicts import Holder, conflict, conflicting, content_digest, raw_digest
from connectors.ledger.holders import INDEX, Holders
from connectors.records import DeadLetter, Receipt

log = logging.getLogger(__name__)


class Duplicates:
    """Holds receipts of outcome `duplicate`, and judges them once all of their epoch is written.

    An API may answer 409 to a request ID whatever the content. Usually a spot meets itself so: sent
    before a crash, or accepted with the answer lost. But it may be another row of the export that
    holds the request ID, and then this one was never scheduled.

    Args:
        receipts: The ledger's file of receipts.
        dead_letters: Its file of dead letters.
    """

    def __init__(self, receipts: Path, dead_letters: Path) -> None:
        self._files = receipts, dead_letters
        self._held: list[Receipt] = []
        self._holders: Holders | None = None  # most nights have no duplicate and need no index
        receipts.with_name(INDEX).unlink(missing_ok=True)  # a kill may have left it its name

    def hold(self, record: Receipt | DeadLetter) -> bool:
        """Keep a duplicate back; False for every other record, which can be written now."""
        if not isinstance(record, Receipt) or record.outcome != "duplicate":
            return False
        self._held.append(record)
        return True

    def __len__(self) -> int:
        return len(self._held)

    def judged(self) -> Iterator[Receipt | DeadLetter]:
        """Give back what is held, first line first, each as what it is.

        All other records must be in the files by then.
        """
        self._holders = self._holders or Holders(*self._files)
        self._holders.catch_up()
        held, self._held = sorted(self._held), []
        for receipt in held:
            yield self._judge(receipt, self._holders)

    def close(self) -> None:
        """Let go of the index."""
        if self._holders:
            self._holders.close()

    def _judge(self, receipt: Receipt, holders: Holders) -> Receipt | DeadLetter:
        other = conflict(receipt, holders.of(receipt.request_id))
        if other is None:
            digest = content_digest(receipt.duration_sec, receipt.advertiser)
            holders.add(receipt.request_id, Holder(receipt.line, receipt.outcome, digest))
            return receipt
        letter = conflicting(receipt, other)
        lost = Holder(letter.line, "conflicting", raw_digest(letter.raw))
        holders.add(receipt.request_id, lost)
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
        return letter
